import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { LOGGER, type Logger } from '../../platform/logging/logger.js';
import { RequestTurns } from '../http/request.turns.js';
import { OutcomeCounter } from '../ledger/outcome.counter.js';
import { BodyReaders } from '../reader/body.readers.js';
import { BufferOutlet } from './buffer-outlet.service.js';

/** Parts that either buffer stands on. */
@Injectable()
export class BufferParts {
  constructor(
    readonly outlet: BufferOutlet,
    readonly outcomes: OutcomeCounter,
    readonly clock: Clock,
    @Inject(LOGGER) readonly logger: Logger,
    private readonly turns: RequestTurns,
    private readonly readers: BodyReaders,
  ) {}

  /** Requests that have arrived and are still to be read. */
  readonly atTheDoor = (): number => this.turns.waiting + this.readers.waiting;
}
