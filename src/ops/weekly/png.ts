import { crc32, deflateSync } from 'node:zlib';

/** A colour as red, green and blue, 0 to 255. */
export type Colour = readonly [number, number, number];

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);

/** Picture of few colours, drawn of rectangles, as a PNG (W3C PNG, third edition): what mail programs show without asking anybody. */
export class Picture {
  private readonly pixels: Uint8Array;

  /** @param palette colours by number, 256 at most; the first one is the ground */
  constructor(
    private readonly width: number,
    private readonly height: number,
    private readonly palette: readonly Colour[],
  ) {
    this.pixels = new Uint8Array(width * height);
  }

  /** Fills a rectangle; what lies outside of the picture is left out. */
  fill(left: number, top: number, width: number, height: number, colour: number): void {
    const right = Math.min(this.width, left + width);
    for (let y = Math.max(0, top); y < Math.min(this.height, top + height); y++)
      this.pixels.fill(colour, y * this.width + Math.max(0, left), y * this.width + Math.max(0, right));
  }

  /** Writes the file: 8 bits a pixel by palette, rows without a filter. */
  toPng(): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(this.width, 0);
    header.writeUInt32BE(this.height, 4);
    header.set([8, 3, 0, 0, 0], 8);
    const rows = Buffer.alloc((this.width + 1) * this.height);
    for (let y = 0; y < this.height; y++)
      rows.set(this.pixels.subarray(y * this.width, (y + 1) * this.width), y * (this.width + 1) + 1);
    return Buffer.concat([
      SIGNATURE,
      chunk('IHDR', header),
      chunk('PLTE', Buffer.from(this.palette.flat())),
      chunk('IDAT', deflateSync(rows)),
      chunk('IEND', Buffer.alloc(0)),
    ]);
  }
}

function chunk(type: string, data: Buffer): Buffer {
  const content = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(content));
  return Buffer.concat([length, content, check]);
}
