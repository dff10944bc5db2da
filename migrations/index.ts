import { Foundation1795392000000 } from './1795392000000-foundation.js';
import { Telemetry1795395600000 } from './1795395600000-telemetry.js';
import { Cluster1795399200000 } from './1795399200000-cluster.js';
import { Grouping1795402800000 } from './1795402800000-grouping.js';
import { Calling1795406400000 } from './1795406400000-calling.js';
import { Erasure1795410000000 } from './1795410000000-erasure.js';
import { Moments1795412000000 } from './1795412000000-moments.js';
import { Series1795414000000 } from './1795414000000-series.js';
import { NewIssueCap1795416000000 } from './1795416000000-new-issue-cap.js';
import { Audience1795417000000 } from './1795417000000-audience.js';
import { IgnoredByRule1795418000000 } from './1795418000000-ignored-by-rule.js';
import { CrashedDevices1795420000000 } from './1795420000000-crashed-devices.js';
import { WeeklySilences1795422000000 } from './1795422000000-weekly-silences.js';
import { CellSketch1795424000000 } from './1795424000000-cell-sketch.js';
import { IssueChange1795426000000 } from './1795426000000-issue-change.js';
import { FeedbackWriters1795428000000 } from './1795428000000-feedback-writers.js';
import { RequireUnchanged1795430000000 } from './1795430000000-require-unchanged.js';
import { ReasonCodes1795431000000 } from './1795431000000-reason-codes.js';
import { Ceilings1795431100000 } from './1795431100000-ceilings.js';
import { ProjectKeys1795432000000 } from './1795432000000-project-keys.js';
import { Trust1795432100000 } from './1795432100000-trust.js';
import { AudienceTrust1795432200000 } from './1795432200000-audience-trust.js';
import { Directories1795433000000 } from './1795433000000-directories.js';
import { CustomerNames1795433100000 } from './1795433100000-customer-names.js';
import { Traces1795433200000 } from './1795433200000-traces.js';
import { Access1795434000000 } from './1795434000000-access.js';
import { Traits1795436000000 } from './1795436000000-traits.js';
import { Causes1795436100000 } from './1795436100000-causes.js';
import { Claims1795437000000 } from './1795437000000-claims.js';
import { SampleCustomer1795437100000 } from './1795437100000-sample-customer.js';
import { ConsentPurpose1795439000000 } from './1795439000000-consent-purpose.js';
import { IdentityLinks1795439100000 } from './1795439100000-identity-links.js';
import { CustomerHealth1795439200000 } from './1795439200000-customer-health.js';
import { AtRiskOutreach1795440000000 } from './1795440000000-at-risk-outreach.js';
import { Nobody1795440100000 } from './1795440100000-nobody.js';
import { Brakes1795442000000 } from './1795442000000-brakes.js';
import { Ramp1795442100000 } from './1795442100000-ramp.js';
import { Receipts1795443000000 } from './1795443000000-receipts.js';
import { Answers1795444000000 } from './1795444000000-answers.js';
import { Questions1795444100000 } from './1795444100000-questions.js';
import { Contacts1795446000000 } from './1795446000000-contacts.js';
import { ContactFaults1795446100000 } from './1795446100000-contact-faults.js';
import { ContactReplies1795446200000 } from './1795446200000-contact-replies.js';
import { Returns1795448000000 } from './1795448000000-returns.js';
import { TeamNews1795449000000 } from './1795449000000-team-news.js';
import { NextChannel1795460000000 } from './1795460000000-next-channel.js';
import { PolicyCustomers1795460100000 } from './1795460100000-policy-customers.js';
import { Updates1795460200000 } from './1795460200000-updates.js';
import { Batches1795460300000 } from './1795460300000-batches.js';
import { CustomerPage1795465000000 } from './1795465000000-customer-page.js';
import { FirstMessage1795470000000 } from './1795470000000-first-message.js';
import { Accounts1795471000000 } from './1795471000000-accounts.js';
import { ProviderIndex1795472000000 } from './1795472000000-provider-index.js';
import { WeeklyMail1795491000000 } from './1795491000000-weekly-mail.js';
import { ReplyWishes1795520000000 } from './1795520000000-reply-wishes.js';
import { TraitSets1795530000000 } from './1795530000000-trait-sets.js';
import { SentCodes1795610000000 } from './1795610000000-sent-codes.js';
import { MembersLockNoCustomer1795620000000 } from './1795620000000-members-lock-no-customer.js';
import { FrozenSnapshots1795630000000 } from './1795630000000-frozen-snapshots.js';

/** All migrations, oldest first. */
export const migrations = [
  Foundation1795392000000,
  Telemetry1795395600000,
  Cluster1795399200000,
  Grouping1795402800000,
  Calling1795406400000,
  Erasure1795410000000,
  Moments1795412000000,
  Series1795414000000,
  NewIssueCap1795416000000,
  Audience1795417000000,
  IgnoredByRule1795418000000,
  CrashedDevices1795420000000,
  WeeklySilences1795422000000,
  CellSketch1795424000000,
  IssueChange1795426000000,
  FeedbackWriters1795428000000,
  RequireUnchanged1795430000000,
  ReasonCodes1795431000000,
  Ceilings1795431100000,
  ProjectKeys1795432000000,
  Trust1795432100000,
  AudienceTrust1795432200000,
  Directories1795433000000,
  CustomerNames1795433100000,
  Traces1795433200000,
  Access1795434000000,
  Traits1795436000000,
  Causes1795436100000,
  Claims1795437000000,
  SampleCustomer1795437100000,
  ConsentPurpose1795439000000,
  IdentityLinks1795439100000,
  CustomerHealth1795439200000,
  AtRiskOutreach1795440000000,
  Nobody1795440100000,
  Brakes1795442000000,
  Ramp1795442100000,
  Receipts1795443000000,
  Answers1795444000000,
  Questions1795444100000,
  Contacts1795446000000,
  ContactFaults1795446100000,
  ContactReplies1795446200000,
  Returns1795448000000,
  TeamNews1795449000000,
  NextChannel1795460000000,
  PolicyCustomers1795460100000,
  Updates1795460200000,
  Batches1795460300000,
  CustomerPage1795465000000,
  FirstMessage1795470000000,
  Accounts1795471000000,
  ProviderIndex1795472000000,
  WeeklyMail1795491000000,
  ReplyWishes1795520000000,
  TraitSets1795530000000,
  SentCodes1795610000000,
  MembersLockNoCustomer1795620000000,
  FrozenSnapshots1795630000000,
];
