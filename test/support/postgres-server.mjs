// A PostgreSQL server of a test's own, as a server beside the daemon would be: ended and started again without the daemon.
// usage: node postgres-server.mjs BUILD FOLDER   prints its URL once it runs; SIGTERM ends it cleanly.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [build, folder] = process.argv.slice(2);
const module = pathToFileURL(join(build, 'src/platform/db/embedded-postgres.js')).href;
const server = await (await import(module)).startEmbeddedPostgres(folder);
process.once('SIGTERM', () => void server.stop());
process.stdout.write(`${server.url}\n`);
