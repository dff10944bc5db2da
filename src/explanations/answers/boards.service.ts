import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { Database } from '../../platform/db/database.js';
import { EXPLANATIONS_CONFIG, type ExplanationsConfig } from '../explanations-config.js';
import { type Board } from './board.js';
import { BoardReadModel } from './board.read-model.js';

/** Keeps what bots are told in memory; whoever asks says which version is in force, so that nobody is told what was replaced. */
@Injectable()
export class Boards {
  private board: Board | undefined;
  private loading: Promise<void> | undefined;

  constructor(
    @Inject(EXPLANATIONS_CONFIG) private readonly config: ExplanationsConfig,
    private readonly readModel: BoardReadModel,
    private readonly database: Database,
    private readonly clock: Clock,
  ) {}

  /** Returns the moment from which on ended incidents are still told of. */
  since(): Date {
    return new Date(this.clock.now().getTime() - this.config.keepFixed);
  }

  /** Returns the board of this version or a later one. */
  async at(version: number): Promise<Board> {
    for (;;) {
      if (this.board && this.board.version >= version) return this.board;
      await (this.loading ??= this.load().finally(() => (this.loading = undefined)));
    }
  }

  /** Returns the board of the version in force now. */
  async now(): Promise<Board> {
    return this.at(await this.readModel.version(this.database));
  }

  private async load(): Promise<void> {
    this.board = await this.readModel.board(this.database, this.since());
  }
}
