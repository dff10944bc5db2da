import { StandardSchemaValidationPipe } from '@nestjs/common';
import { Problem } from '../errors.js';

/** Checks bodies and queries against the zod schema that stands at the parameter; every wrong field is named in the answer. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) =>
      new Problem(
        400,
        'invalid',
        'The request has fields that are wrong; see errors.',
        issues.slice(0, 20).map((issue) => ({
          path: (issue.path ?? []).map((step) => String(typeof step === 'object' ? step.key : step)).join('.'),
          detail: issue.message,
        })),
      ),
  });
}
