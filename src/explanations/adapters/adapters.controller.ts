import { Body, Controller, HttpCode, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { BasicToo, CurrentCaller, Needs } from '../../platform/auth/needs.js';
import { OfProject } from '../../platform/auth/project.scope.js';
import { type Caller } from '../../platform/auth/role.js';
import { Problem } from '../../platform/errors.js';
import { type Answer, Answers } from '../../platform/http/answers.js';
import { type Asking } from '../answers/answers.service.js';
import { askingFields } from '../answers/bot.answers.js';
import { Matching } from '../outcomes/matching.service.js';
import { OUTCOMES, type Outcome } from '../outcomes/outcome.js';
import { Outcomes } from '../outcomes/outcomes.service.js';
import { chatwootEvent, questionOf } from './chatwoot.js';
import { ChatwootGateway } from './chatwoot.gateway.js';
import { dialogflowAnswer, dialogflowCall, parameter } from './dialogflow.js';
import { RASA_ACTIONS, rasaAnswer, rasaCall, slot } from './rasa.js';
import { spoken, type Spoken } from './spoken.js';

const scope = z.strictObject({ project: askingFields.project, directory: askingFields.directory });
type Scope = z.output<typeof scope>;

const field = z.union([z.string(), z.boolean(), z.null()]);
const rasaAnswerSchema = z.object({
  events: z.array(z.object({ event: z.literal('slot'), timestamp: z.null(), name: z.string(), value: field })),
  responses: z.array(z.object({ text: z.string() })),
});
const dialogflowAnswerSchema = z.object({
  fulfillmentResponse: z.object({
    messages: z.array(z.object({ text: z.object({ text: z.array(z.string()) }) })),
    mergeBehavior: z.literal('APPEND'),
  }),
  sessionInfo: z.object({ parameters: z.record(z.string(), field) }),
});
const chatwootAnswerSchema = z.object({ did: z.enum(['answered', 'handedOver', 'nothing']) });

/** Hooks for bots that speak another language: Rasa's action server, Dialogflow CX's webhook, Chatwoot's agent bot. All ask the same service. */
@Controller('hooks')
export class AdaptersController {
  constructor(
    private readonly matching: Matching,
    private readonly outcomes: Outcomes,
    private readonly chatwoot: ChatwootGateway,
  ) {}

  @Post('rasa/webhook')
  @Needs('bot')
  @OfProject('query')
  @HttpCode(200)
  @Answers('Run an action for Rasa', rasaAnswerSchema)
  async rasa(
    @Query({ schema: scope }) where: Scope,
    @Body({ schema: rasaCall }) call: z.output<typeof rasaCall>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof rasaAnswerSchema>> {
    const action = RASA_ACTIONS.find((one) => one === call.next_action);
    if (!action) throw new Problem(404, 'not-found', `There is no action ${call.next_action.slice(0, 40)}.`);
    if (action === 'action_report_outcome') {
      await this.report(slot(call, 'answer_id'), slot(call, 'outcome'), caller, where);
      return { events: [], responses: [] };
    }
    const customer = slot(call, 'customer_id');
    const names = { customer, email: slot(call, 'email'), phone: slot(call, 'phone'), locale: slot(call, 'locale') };
    return rasaAnswer(await this.speak(call.tracker.latest_message?.text, { ...where, ...names }));
  }

  @Post('dialogflow')
  @Needs('bot')
  @BasicToo()
  @OfProject('query')
  @HttpCode(200)
  @Answers('Answer a webhook of Dialogflow CX', dialogflowAnswerSchema)
  async dialogflow(
    @Query({ schema: scope }) where: Scope,
    @Body({ schema: dialogflowCall }) call: z.output<typeof dialogflowCall>,
    @CurrentCaller() caller: Caller,
  ): Promise<Answer<typeof dialogflowAnswerSchema>> {
    if (call.fulfillmentInfo?.tag === 'report_outcome') {
      await this.report(parameter(call, 'answer_id'), parameter(call, 'outcome'), caller, where);
      return { fulfillmentResponse: { messages: [], mergeBehavior: 'APPEND' }, sessionInfo: { parameters: {} } };
    }
    const customer = parameter(call, 'customer_id');
    const names = {
      customer,
      email: parameter(call, 'email'),
      phone: parameter(call, 'phone'),
      locale: call.languageCode,
    };
    return dialogflowAnswer(await this.speak(call.text ?? call.transcript, { ...where, ...names }));
  }

  /** Where nothing fits, or Chatwoot does not take the answer, the conversation goes to the humans. */
  @Post('chatwoot')
  @Needs('bot')
  @BasicToo()
  @OfProject('query')
  @HttpCode(200)
  @Answers('Answer as an agent bot of Chatwoot', chatwootAnswerSchema)
  async agentBot(
    @Query({ schema: scope }) where: Scope,
    @Body({ schema: chatwootEvent }) event: z.output<typeof chatwootEvent>,
  ): Promise<Answer<typeof chatwootAnswerSchema>> {
    const question = questionOf(event);
    if (!question) return { did: 'nothing' };
    const { customer, email, phone } = question;
    const { match, text } = await this.speak(question.text, { ...where, customer, email, phone });
    if (match === 'confident' && text !== null) {
      await this.chatwoot.say(question, text);
      return { did: 'answered' };
    }
    await this.chatwoot.open(question);
    return { did: 'handedOver' };
  }

  private async speak(text: string | null | undefined, asking: Asking): Promise<Spoken> {
    const words = text?.trim().slice(0, 2000);
    if (!words) return spoken('none', []);
    const { match, items } = await this.matching.match(words, asking);
    return spoken(match, items);
  }

  private async report(
    answerId: string | undefined,
    said: string | undefined,
    caller: Caller,
    where: Scope,
  ): Promise<void> {
    const outcome: Outcome | undefined = OUTCOMES.find(
      (one) => one === said || (one === 'handedOff' && said === 'handed_off'),
    );
    if (answerId === undefined || outcome === undefined)
      throw new Problem(400, 'invalid', 'answer_id, outcome: both are needed; outcome is helped, not or handed_off.');
    await this.outcomes.report(answerId, outcome, caller.name, where.project);
  }
}
