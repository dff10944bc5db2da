import { createHash } from 'node:crypto';
import {
  AckPolicy,
  DiscardPolicy,
  jetstream,
  type JetStreamClient,
  JetStreamApiError,
  jetstreamManager,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StoredMsg,
} from '@nats-io/jetstream';
import { connect, type NatsConnection, nanos } from '@nats-io/transport-node';
import { natsAddress } from '../nats-address.js';
import { messageOf, StartError } from '../../platform/errors.js';
import { type Logger } from '../../platform/logging/logger.js';

/** Partitions of the stream. Fixed: another number would let two batches of one issue be digested at once for a while. */
export const PARTITIONS = 16;
/** Time after which the messages of a process that died are delivered again, milliseconds; one that lives says so before. */
export const ACK_WAIT_MS = 15_000;
/** Time between tries to connect again, milliseconds. */
const RECONNECT_MS = 250;
/** A server that is silent for two of these is taken for dead, milliseconds. */
const PING_MS = 5000;
/** JetStream's codes (server/errors.json): the stream exists with another configuration; the replicas cannot be placed. */
const STREAM_EXISTS = 10058;
const NO_PLACE = new Set([10005, 10023, 10074]);

/** The stream of one installation on NATS, with one durable consumer a partition. */
export class JetStreamLog {
  /** Called when the connection is back and the stream is there. */
  onBack: () => void = () => undefined;
  private up = true;
  /** Events in a message of late, moving average; turns the stream's count of messages into one of events. */
  eventsAMessage = 1;

  private constructor(
    private readonly connection: NatsConnection,
    readonly client: JetStreamClient,
    private readonly manager: JetStreamManager,
    readonly stream: string,
    private readonly logger: Logger,
  ) {
    void this.watch();
  }

  /**
   * Connects and makes the stream and its consumers where they are missing.
   * @param url one or several `nats://` or `tls://` addresses, separated by commas
   * @param installation what tells this installation from others on the same NATS
   * @throws StartError in one line when NATS cannot be reached, refuses, or has no JetStream
   */
  static async open(url: string, installation: string, logger: Logger): Promise<JetStreamLog> {
    const connection = await connectOrExplain(url);
    const stream = streamOf(installation);
    try {
      const manager = await jetstreamManager(connection);
      const log = new JetStreamLog(connection, jetstream(connection), manager, stream, logger);
      await log.ensure();
      return log;
    } catch (error) {
      await connection.close();
      throw new StartError(
        `JetStream cannot be used on NATS ${natsAddress(url).places} (${messageOf(error)}). Start nats-server with JetStream ("-js").`,
      );
    }
  }

  /** False while the connection is lost; it is tried again for ever. */
  get isUp(): boolean {
    return this.up;
  }

  /** Largest message that the server takes, bytes. */
  get maxPayload(): number {
    return this.connection.info?.max_payload ?? 1024 * 1024;
  }

  /** Where the messages of a partition go. */
  subject(partition: number): string {
    return `forewarn.${this.stream}.events.${partition}`;
  }

  /** The name of a partition's consumer, shared by all digest processes. */
  consumer(partition: number): string {
    return `digest-${partition}`;
  }

  /** Learns how many events a message holds. */
  noteSize(events: number): void {
    this.eventsAMessage += (events - this.eventsAMessage) / 20;
  }

  /** Messages that nobody has acknowledged, and when the oldest came, epoch milliseconds. */
  async waiting(): Promise<{ messages: number; since: number | undefined }> {
    const partitions = await Promise.all(Array.from({ length: PARTITIONS }, (_, at) => this.waitingIn(at)));
    const ages = partitions.flatMap(({ since }) => since ?? []);
    return {
      messages: partitions.reduce((sum, one) => sum + one.messages, 0),
      since: ages.length > 0 ? Math.min(...ages) : undefined,
    };
  }

  private async waitingIn(partition: number): Promise<{ messages: number; since: number | undefined }> {
    const { num_pending, num_ack_pending, ack_floor } = await this.manager.consumers.info(
      this.stream,
      this.consumer(partition),
    );
    const messages = num_pending + num_ack_pending;
    const oldest = messages > 0 ? await this.next(partition, ack_floor.stream_seq + 1) : null;
    return { messages, since: oldest?.time.getTime() };
  }

  /**
   * Messages of a partition that the server takes for acknowledged and still holds: what a crash of it leaves behind. They
   * would never be delivered nor removed. Call `remove` for each.
   */
  async leftovers(partition: number): Promise<StoredMsg[]> {
    const { ack_floor } = await this.manager.consumers.info(this.stream, this.consumer(partition));
    const found: StoredMsg[] = [];
    for (let seq = 1; seq <= ack_floor.stream_seq;) {
      const message = await this.next(partition, seq);
      if (!message || message.seq > ack_floor.stream_seq) break;
      found.push(message);
      seq = message.seq + 1;
    }
    return found;
  }

  /** Removes a message from the stream. */
  async remove(message: StoredMsg): Promise<void> {
    await this.manager.streams.deleteMessage(this.stream, message.seq, false);
  }

  /** The first message of a partition from `seq` on. */
  private next(partition: number, seq: number): Promise<StoredMsg | null> {
    const query = { seq, next_by_subj: this.subject(partition) };
    return this.manager.streams.getMessage(this.stream, query);
  }

  /** Ends the connection after what was written has left. */
  async close(): Promise<void> {
    await this.connection.drain().catch(() => this.connection.close());
  }

  /** Makes what is missing; without effect on what is there, so that an operator may change its limits. */
  private async ensure(): Promise<void> {
    if (!(await this.exists())) await this.create();
    for (let partition = 0; partition < PARTITIONS; partition++) {
      await this.manager.consumers.add(this.stream, {
        durable_name: this.consumer(partition),
        filter_subject: this.subject(partition),
        ack_policy: AckPolicy.Explicit,
        ack_wait: nanos(ACK_WAIT_MS),
        max_deliver: -1,
      });
    }
  }

  private async exists(): Promise<boolean> {
    try {
      await this.manager.streams.info(this.stream);
      return true;
    } catch (error) {
      if (error instanceof JetStreamApiError && error.status === 404) return false;
      throw error;
    }
  }

  /** With as many replicas as the cluster can place, three at most. */
  private async create(): Promise<void> {
    for (const replicas of [3, 2, 1]) {
      try {
        await this.manager.streams.add({
          name: this.stream,
          subjects: [this.subject(0).replace(/0$/, '*')],
          retention: RetentionPolicy.Workqueue,
          storage: StorageType.File,
          discard: DiscardPolicy.New,
          num_replicas: replicas,
          description: 'Forewarn: events between intake and digest',
        });
        this.logger.info({ stream: this.stream, replicas }, 'the stream was made');
        return;
      } catch (error) {
        const code = error instanceof JetStreamApiError ? error.code : 0;
        if (code === STREAM_EXISTS) return;
        if (!NO_PLACE.has(code) || replicas === 1) throw error;
      }
    }
  }

  private async watch(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') {
        this.up = false;
        this.logger.warn({}, 'the connection to NATS was lost');
      } else if (status.type === 'reconnect') {
        this.up = true;
        this.logger.info({}, 'NATS is back');
        await this.ensure().then(this.onBack, (error: unknown) => {
          this.logger.error({ err: error }, `the stream could not be checked: ${messageOf(error)}`);
        });
      }
    }
    this.up = false;
  }
}

/** The stream's name, the same for every process of an installation. */
export function streamOf(installation: string): string {
  return `FOREWARN_${createHash('sha256').update(installation).digest('hex').slice(0, 12)}`;
}

async function connectOrExplain(url: string): Promise<NatsConnection> {
  const { places, options } = natsAddress(url);
  try {
    return await connect({
      ...options,
      name: 'forewarn',
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_MS,
      pingInterval: PING_MS,
      maxPingOut: 2,
    });
  } catch (error) {
    throw new StartError(
      `NATS ${places} cannot be reached (${messageOf(error)}). Check NATS_URL and that the server runs.`,
    );
  }
}
