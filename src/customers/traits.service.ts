import { Injectable } from '@nestjs/common';
import { type SeenTraits } from './trait.js';
import { TraitRecorder } from './traits/trait.recorder.js';

/** Takes what customers are seen to use from other rooms. */
@Injectable()
export class CustomerTraits {
  constructor(private readonly recorder: TraitRecorder) {}

  /** Keeps in mind what somebody was seen to use, until the stage `trait-flush` writes it down; false where there is no room before that. */
  saw(seen: SeenTraits): boolean {
    return this.recorder.saw(seen);
  }
}
