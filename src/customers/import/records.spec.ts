import { describe, expect, it } from '@jest/globals';
import { gzipSync } from 'node:zlib';
import { readHeadingMap } from '../algorithm/headings.js';
import { type Mistake, readRow } from '../algorithm/import-row.js';
import { decoded } from './decode.js';
import { recordsOf } from './records.js';

const NOW = new Date('2026-11-28T12:00:00Z');

/** Reads bytes as an import does, in pieces of `size` bytes. */
async function read(
  content: string | Buffer,
  { map = '', country, encoding, size = 7 }: { map?: string; country?: string; encoding?: string; size?: number } = {},
) {
  const bytes = Buffer.from(content);
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  const found = map === '' ? { map: new Map<string, string>() } : readHeadingMap(map);
  if ('problem' in found) throw new Error(found.problem);
  const rows: object[] = [];
  const mistakes: Mistake[] = [];
  for await (const record of recordsOf(decoded(pieces(), encoding), found.map)) {
    if ('problem' in record) {
      mistakes.push(record);
      continue;
    }
    const result = readRow(record.line, record.cells, { map: found.map, country, now: NOW });
    mistakes.push(...result.mistakes);
    if (result.row) rows.push({ id: result.row.externalId, ...result.row.entry });
  }
  return { rows, mistakes };
}

describe('an import', () => {
  it.each([
    ['commas', 'externalId,name\nc1,"Kim, Jo"\n'],
    ['semicolons', 'externalId;name\nc1;Kim, Jo\n'],
    ['tabs', 'externalId\tname\r\nc1\tKim, Jo\r\n'],
    ["Excel's line of its own", 'sep=;\nexternalId;name\nc1;Kim, Jo\n'],
    ['a byte order mark', '\ufeffexternalId;name\nc1;Kim, Jo'],
    ['JSON lines', '{"externalId":"c1","name":"Kim, Jo"}\n\n'],
    ['headings of other systems', 'Customer ID,Full Name\nc1,"Kim, Jo"'],
  ])('is read with %s', async (_, content) => {
    expect(await read(content)).toEqual({ rows: [{ id: 'c1', name: 'Kim, Jo' }], mistakes: [] });
  });

  it.each(['utf16le', 'utf-16be'])('is read in %s, with and without a byte order mark', async (encoding) => {
    for (const mark of ['', '\ufeff']) {
      const bytes = Buffer.from(`${mark}externalId,name\nc1,Jürgen\n`, 'utf16le');
      const content = encoding === 'utf16le' ? bytes : bytes.swap16();
      for (const size of [1, 64]) expect((await read(content, { size })).rows).toEqual([{ id: 'c1', name: 'Jürgen' }]);
    }
  });

  it('is read in windows-1252 when that is asked for, and otherwise refuses the lines that are not UTF-8', async () => {
    const content = Buffer.from('externalId,name\nc1,J\xfcrgen\nc2,Bo\n', 'latin1');
    expect((await read(content, { encoding: 'windows-1252' })).rows).toEqual([
      { id: 'c1', name: 'Jürgen' },
      { id: 'c2', name: 'Bo' },
    ]);
    const { rows, mistakes } = await read(content);
    expect(rows).toEqual([{ id: 'c2', name: 'Bo' }]);
    expect(mistakes).toEqual([{ line: 2, problem: expect.stringContaining('give the encoding') }]);
  });

  it('refuses a header line that is not UTF-8 and names the encoding as the reason', async () => {
    const content = Buffer.from('externalId,Gr\xf6\xdfe\nc1,M\n', 'latin1');
    await expect(read(content, { map: 'Größe=attributes.size' })).rejects.toThrow(
      /header line holds bytes .* give the encoding/,
    );
    const { rows } = await read(content, { map: 'Größe=attributes.size', encoding: 'windows-1252' });
    expect(rows).toEqual([{ id: 'c1', attributes: { size: 'M' } }]);
  });

  it('says of a workbook and of a packed file what to do with it', async () => {
    const workbook = Buffer.from('PK\x03\x04\x14\0\x06\0\b\0\0\0!\0b\xee\x9dh^\x01\0\0\x90\x04\0\0', 'latin1');
    for (const start of [workbook, gzipSync('externalId,name\nc1,Bo\n')])
      await expect(read(start)).rejects.toThrow(/save the sheet as CSV, or unpack it/);
  });

  it('takes a first line as long as a record may be, in time that grows with its length', async () => {
    const wide = Array.from({ length: 5000 }, (_, at) => `attributes.a${at}`).join(',');
    const { rows } = await read(`externalId,${wide}\nc1,${'1,'.repeat(4999)}1\n`, { size: 65_536 });
    expect(Object.keys((rows[0] as { attributes: object }).attributes)).toHaveLength(5000);
  });

  it('takes headings in other words, and leaves columns out', async () => {
    const content = 'Kundennummer;Handy;Notiz\nc1;+49 1512 3456789;x\n';
    expect((await read(content, { map: 'Kundennummer=externalId,Handy=phone,Notiz=-' })).rows).toEqual([
      { id: 'c1', phone: '+4915123456789' },
    ]);
    await expect(read(content)).rejects.toThrow('"Kundennummer"');
    await expect(read('name,email\nKim,k@x.example')).rejects.toThrow('no column is externalId');
  });

  it.each([
    ['0151 23456789', 'DE'],
    ['0049 151 23456789', 'DE'],
    ['0049-151-23456789', undefined],
    ['+49 (151) 234 567 89', undefined],
  ])('reads the phone number %s in %s', async (phone, country) => {
    expect((await read(`externalId;phone\nc1;${phone}\n`, { country })).rows).toEqual([
      { id: 'c1', phone: '+4915123456789' },
    ]);
  });

  it('reads POSIX locales, and consent in the words that people use', async () => {
    expect(await read('externalId;locale;consentSms;consentEmail\nc1;en_US.UTF-8;Ja;opted out\n')).toEqual({
      rows: [
        {
          id: 'c1',
          locale: 'en-US',
          consent: [
            { channel: 'sms', purpose: 'service', granted: true },
            { channel: 'email', purpose: 'service', granted: false },
          ],
        },
      ],
      mistakes: [],
    });
    const { mistakes } = await read('externalId,consentSms\nc1,perhaps\n');
    expect(mistakes[0]?.problem).toMatch(/yes \(yes, y, true.*nor no \(no, n, false/);
  });

  it('loses a bad cell and keeps the customer; without an id it loses the line', async () => {
    const content = 'externalId,email,timeZone,name\nc1,nonsense,Mars/North,Kim\n,a@x.example,,Bo\nnull,,,Eve\n';
    const { rows, mistakes } = await read(content);
    expect(rows).toEqual([{ id: 'c1', name: 'Kim' }]);
    expect(mistakes.map(({ line, field, problem }) => `${line} ${field ?? '-'} ${problem}`)).toEqual([
      '2 email is not an e-mail address',
      '2 timeZone "Mars/North" is not a time zone; write it like Europe/Berlin or Asia/Shanghai',
      '3 - externalId: is missing; without the id nobody knows whose line it is',
      expect.stringContaining('4 - externalId: is a value that apps send for nobody'),
    ]);
  });

  it('names a line of a wrong number of cells, and one whose quote nobody closes', async () => {
    const { rows, mistakes } = await read('externalId,name\nc1,a,b\nc2,ok\nc3,"open\n');
    expect(rows).toEqual([{ id: 'c2', name: 'ok' }]);
    expect(mistakes.map((one) => one.problem).sort()).toEqual([
      'has 3 cells, the header line 2',
      'is not CSV (csv quote not closed)',
    ]);
  });

  it('names a line that is no JSON object, with a NUL, half a character or an unknown key', async () => {
    const content = [
      '{"externalId":"c1"',
      '[]',
      '{"externalId":"c2","name":"a\\u0000b"}',
      '{"externalId":"c3","name":"\\ud800"}',
      '{"externalId":"c4","nme":"Kim"}',
    ];
    const { rows, mistakes } = await read(`{}\n${content.join('\n')}`, { size: 1000 });
    expect(rows).toEqual([{ id: 'c2' }, { id: 'c3' }, { id: 'c4' }]);
    expect(mistakes.map((one) => one.line)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('refuses a line that is too long, and goes on after it', async () => {
    const { rows, mistakes } = await read(`{"externalId":"c1"}\n{"x":"${'y'.repeat(300_000)}"}\n{"externalId":"c2"}`, {
      size: 65_536,
    });
    expect(rows).toEqual([{ id: 'c1' }, { id: 'c2' }]);
    expect(mistakes).toEqual([{ line: 2, problem: expect.stringContaining('longer than') }]);
  });
});
