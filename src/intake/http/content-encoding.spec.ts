import { describe, expect, it } from '@jest/globals';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { decodeBody, decodeStoreBody } from './content-encoding.js';

const TEXT = Buffer.from('{"message":"the same text, again and again, again and again"}');
const decoded = (body: Buffer, encoding?: string, max = 10_000): unknown => {
  const result = decodeBody(body, encoding, max);
  return result.ok ? result.body.toString() : result.status;
};

describe('content encodings', () => {
  it('reads gzip, br and both kinds of deflate, in any case', () => {
    for (const [encoding, body] of [
      ['gzip', gzipSync(TEXT)],
      ['X-GZip', gzipSync(TEXT)],
      ['br', brotliCompressSync(TEXT)],
      ['deflate', deflateSync(TEXT)],
      ['deflate', deflateRawSync(TEXT)],
    ] as const) {
      expect(decoded(body, encoding)).toBe(TEXT.toString());
    }
  });

  it('ignores what means no encoding', () => {
    for (const encoding of [undefined, '', ' ', 'identity', 'UTF-8', 'utf-8, identity']) {
      expect(decoded(TEXT, encoding)).toBe(TEXT.toString());
    }
  });

  it('undoes several encodings from the last to the first', () => {
    expect(decoded(gzipSync(deflateSync(TEXT)), 'deflate, gzip')).toBe(TEXT.toString());
    expect(decoded(TEXT, 'gzip, gzip, gzip, gzip')).toBe(400);
  });

  it('answers 413 to what inflates more than telemetry does, and reads what inflates as far as similar log lines', () => {
    const bomb = gzipSync(Buffer.alloc(20_000_000), { level: 9 });
    expect(decoded(bomb, 'gzip', 100_000_000)).toBe(413);
    const lines = Array.from(
      { length: 20_000 },
      (_, n) => `{"id":"${n * 7919}","message":"${'payment failed '.repeat(20)}"}`,
    );
    const body = Buffer.from(lines.join('\n'));
    expect(body.length).toBeGreaterThan(6_000_000);
    expect(decodeBody(gzipSync(body), 'gzip', 100_000_000).ok).toBe(true);
  });

  it('answers 415 to what it cannot read', () => {
    for (const encoding of ['zstd', 'compress', 'constructor']) expect(decoded(TEXT, encoding)).toBe(415);
  });

  it('answers 400 to data that is broken or cut off', () => {
    for (const encoding of ['gzip', 'br', 'deflate']) {
      expect(decoded(Buffer.from('not compressed at all, is it'), encoding)).toBe(400);
      expect(decoded(gzipSync(TEXT).subarray(0, 20), encoding)).toBe(400);
    }
  });

  it('stops a bomb at the bound, in any layer', () => {
    const zeros = Buffer.alloc(50_000_000);
    const compressors = { gzip: gzipSync, br: (body: Buffer) => brotliCompressSync(body), deflate: deflateSync };
    for (const [encoding, compress] of Object.entries(compressors)) {
      expect(decoded(compress(zeros), encoding, 100_000)).toBe(413);
    }
    expect(decoded(deflateRawSync(zeros), 'deflate', 100_000)).toBe(413);
    expect(decoded(gzipSync(gzipSync(zeros)), 'gzip, gzip', 100_000)).toBe(413);
    expect(decoded(TEXT, undefined, 10)).toBe(413);
  });

  it('accepts a body of exactly the bound', () => {
    const zeros = Buffer.alloc(5000);
    expect(decoded(gzipSync(zeros), 'gzip', 5000)).toBe(zeros.toString());
    expect(decoded(gzipSync(zeros), 'gzip', 4999)).toBe(413);
  });
});

describe('the body of /store/', () => {
  const stored = (body: Buffer | string, encoding?: string, max = 10_000): unknown => {
    const result = decodeStoreBody(Buffer.from(body), encoding, max);
    return result.ok ? result.body.toString() : result.status;
  };

  it('may be compressed, also as base64, without saying so', () => {
    const base64 = deflateSync(TEXT).toString('base64');
    for (const body of [TEXT, deflateSync(TEXT), deflateSync(TEXT, { level: 9 }), gzipSync(TEXT), base64])
      expect(stored(body)).toBe(TEXT.toString());
    for (const body of [gzipSync(TEXT).toString('base64'), base64.replace(/.{20}/g, '$&\n'), ` ${base64}\n`])
      expect(stored(body)).toBe(TEXT.toString());
    expect(stored(gzipSync(base64), 'gzip')).toBe(TEXT.toString());
  });

  it('is left as it is when it is something else', () => {
    for (const body of [
      ' {"message":"x"}',
      '',
      'hello',
      '[1]',
      'x\u0001',
      'eJxx',
      deflateSync(TEXT).toString('base64').slice(0, 9),
    ])
      expect(stored(body)).toBe(body);
  });

  it('stops a bomb at the bound', () => {
    const zeros = deflateSync(Buffer.alloc(5_000_000));
    for (const body of [zeros, zeros.toString('base64')]) expect(stored(body, undefined, 100_000)).toBe(413);
  });
});
