import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

/** The baseline: only inflates, splits and JSON-parses, keeps nothing, answers 200. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const raw = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    let id: unknown;
    if (request.url?.includes('/store/')) id = (JSON.parse(body.toString('utf8')) as { event_id?: unknown }).event_id;
    else
      for (const line of body.toString('utf8').split('\n'))
        if (line !== '') id = (JSON.parse(line) as { event_id?: unknown }).event_id ?? id;
    const text = JSON.stringify({ id });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text);
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as { port: number }).port));
process.once('disconnect', () => process.exit(0));
