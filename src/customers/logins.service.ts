import { Injectable } from '@nestjs/common';
import { LoginRecorder, type SeenLogin } from './links/login.recorder.js';

/** Takes what events say of customers on devices. */
@Injectable()
export class CustomerLogins {
  constructor(private readonly recorder: LoginRecorder) {}

  /** Keeps a login in mind until the stage `identity-links` judges it; false where there is no room before that. */
  saw(login: SeenLogin): boolean {
    return this.recorder.saw(login);
  }
}
