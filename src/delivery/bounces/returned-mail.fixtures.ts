import { type Returned } from './bounce.js';

/** A mail that came back, in the style of one kind of server. Written by us after how such servers write; names and texts are made up. */
interface Fixture {
  readonly name: string;
  readonly raw: string;
  readonly means: Returned;
}

const OURS =
  'Message-ID: <0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001@shop.example>\nSubject: Paying by card fails: spam filters and full mailboxes do not matter here';
const b64 = (text: string) =>
  Buffer.from(text)
    .toString('base64')
    .replace(/(.{76})/g, '$1\n');

function report(parts: { from: string; subject: string; text: string; status: string; returned?: string }): string {
  return `
From: ${parts.from}
To: bounces+x@shop.example
Subject: ${parts.subject}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=utf-8

${parts.text}

--b1
Content-Type: message/delivery-status

${parts.status}

--b1
Content-Type: ${parts.returned ?? 'text/rfc822-headers'}

${OURS}

--b1--
`;
}

function plain(parts: { from: string; subject: string; text: string; headers?: string }): string {
  return `
From: ${parts.from}
To: bounces+x@shop.example
Subject: ${parts.subject}
${parts.headers ? `${parts.headers}\n` : ''}MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

${parts.text}
`;
}

export const RETURNED: readonly Fixture[] = [
  {
    name: 'Postfix servers (unknown user)',
    means: { kind: 'failed', status: '5.1.1' },
    raw: report({
      from: 'MAILER-DAEMON@mx1.customers.example (Mail Delivery System)',
      subject: 'Undelivered Mail Returned to Sender',
      text: "This is the mail system at host mx1.customers.example.\n\nI'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients. It's attached below.\n\n<anna@customers.example>: host mx.customers.example[192.0.2.7] said: 550 5.1.1\n    <anna@customers.example>: Recipient address rejected: User unknown in virtual\n    mailbox table (in reply to RCPT TO command)",
      status:
        'Reporting-MTA: dns; mx1.customers.example\nX-Postfix-Queue-ID: 4Xk2\nArrival-Date: Mon, 2 Mar 2026 10:00:00 +0000 (UTC)\n\nFinal-Recipient: rfc822; anna@customers.example\nOriginal-Recipient: rfc822;anna@customers.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; mx.customers.example\nDiagnostic-Code: smtp; 550 5.1.1 <anna@customers.example>: Recipient address\n    rejected: User unknown in virtual mailbox table',
    }),
  },
  {
    name: 'Postfix servers (still trying)',
    means: { kind: 'delayed', status: '4.4.1' },
    raw: report({
      from: 'MAILER-DAEMON@mx1.customers.example (Mail Delivery System)',
      subject: 'Delayed Mail (still being retried)',
      text: 'This is the mail system at host mx1.customers.example.\n\n####################################################################\n# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n####################################################################\n\nIt will be retried until it is 5 days old.',
      status:
        'Reporting-MTA: dns; mx1.customers.example\n\nFinal-Recipient: rfc822; anna@customers.example\nAction: delayed\nStatus: 4.4.1\nDiagnostic-Code: X-Postfix; connect to mx.customers.example[192.0.2.7]:25: Connection timed out\nWill-Retry-Until: Sat, 7 Mar 2026 10:00:00 +0000 (UTC)',
    }),
  },
  {
    name: 'Postfix servers (a vague status, a telling diagnostic)',
    means: { kind: 'failed', status: '5.2.2' },
    raw: report({
      from: 'MAILER-DAEMON@relay.example',
      subject: 'Undelivered Mail Returned to Sender',
      text: 'This is the mail system at host relay.example.',
      status:
        'Reporting-MTA: dns; relay.example\n\nFinal-Recipient: rfc822; bo@customers.example\nAction: failed\nStatus: 5.0.0\nDiagnostic-Code: smtp; 552 Mailbox full, quota exceeded',
    }),
  },
  {
    name: 'Exchange servers (no such recipient)',
    means: { kind: 'failed', status: '5.1.10' },
    raw: report({
      from: 'postmaster@corp.example',
      subject: 'Undeliverable: Paying by card fails',
      text: "Delivery has failed to these recipients or groups:\n\nanna@corp.example (anna@corp.example)<mailto:anna@corp.example>\nThe email address you entered couldn't be found. Please check the recipient's email address and try to resend the message. If the problem continues, please contact your email admin.\n\nDiagnostic information for administrators:\nGenerating server: AM0PR00MB0001.eurprd00.prod.outlook.com\nanna@corp.example\nRemote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient anna@corp.example not found by SMTP address lookup'",
      status:
        'Reporting-MTA: dns;AM0PR00MB0001.eurprd00.prod.outlook.com\nReceived-From-MTA: dns;mail.shop.example\nArrival-Date: Mon, 2 Mar 2026 10:00:00 +0000\n\nFinal-Recipient: rfc822;anna@corp.example\nAction: failed\nStatus: 5.1.10\nDiagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup',
      returned: 'message/rfc822',
    }),
  },
  {
    name: 'Exchange servers (a rule of theirs about us)',
    means: { kind: 'failed', status: '5.7.1' },
    raw: report({
      from: 'postmaster@corp.example',
      subject: 'Undeliverable: Paying by card fails',
      text: "Your message wasn't delivered because the recipient's email provider rejected it.",
      status:
        'Reporting-MTA: dns;corp.example\n\nFinal-Recipient: rfc822;anna@corp.example\nAction: failed\nStatus: 5.7.1\nDiagnostic-Code: smtp;550 5.7.1 Service unavailable; client host [192.0.2.1] blocked',
    }),
  },
  {
    name: 'Gmail (an account that does not exist)',
    means: { kind: 'failed', status: '5.1.1' },
    raw: report({
      from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.example>',
      subject: 'Delivery Status Notification (Failure)',
      text: "** Address not found **\n\nYour message wasn't delivered to anna@gmail.example because the address couldn't be found, or is unable to receive mail.\n\nThe response was:\n\n550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking the recipient's email address for typos or unnecessary spaces.",
      status:
        "Reporting-MTA: dns; googlemail.example\nArrival-Date: Mon, 02 Mar 2026 02:00:00 -0800 (PST)\nX-Original-Message-ID: <0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001@shop.example>\n\nFinal-Recipient: rfc822; anna@gmail.example\nAction: failed\nStatus: 5.1.1\nRemote-MTA: dns; gmail-smtp-in.example. (192.0.2.8, the server for the domain gmail.example.)\nDiagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist. Please try\n 550-5.1.1 double-checking the recipient's email address for typos or\n 550 5.1.1 unnecessary spaces.",
    }),
  },
  {
    name: 'Gmail (out of storage)',
    means: { kind: 'failed', status: '5.2.2' },
    raw: report({
      from: 'Mail Delivery Subsystem <mailer-daemon@googlemail.example>',
      subject: 'Delivery Status Notification (Failure)',
      text: "** Recipient inbox full **\n\nYour message couldn't be delivered to bo@gmail.example. Their inbox is full, or it's getting too much mail right now.",
      status:
        "Reporting-MTA: dns; googlemail.example\n\nFinal-Recipient: rfc822; bo@gmail.example\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552-5.2.2 The recipient's inbox is out of storage space and inactive.",
    }),
  },
  {
    name: 'qmail servers (no mailbox by that name)',
    means: { kind: 'failed', status: '5.1.1' },
    raw: plain({
      from: 'MAILER-DAEMON@old.example',
      subject: 'failure notice',
      text: `Hi. This is the qmail-send program at old.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<anna@old.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nReturn-Path: <bounces+x@shop.example>\n${OURS}\n\nYour mailbox is full of spam.`,
    }),
  },
  {
    name: 'qmail servers (over quota, what is returned says other things)',
    means: { kind: 'failed', status: '5.2.2' },
    raw: plain({
      from: 'MAILER-DAEMON@old.example',
      subject: 'failure notice',
      text: `Hi. This is the qmail-send program at old.example.\nI'm afraid I wasn't able to deliver your message to the following addresses.\n\n<bo@old.example>:\nuser is over quota\n\n--- Below this line is a copy of the message.\n\n${OURS}\n\nNo such user here, user unknown.`,
    }),
  },
  {
    name: 'qmail servers (a remote refusal)',
    means: { kind: 'failed', status: '5.1.1' },
    raw: plain({
      from: 'MAILER-DAEMON@old.example',
      subject: 'failure notice',
      text: 'Hi. This is the qmail-send program at old.example.\nI tried to deliver a message, but failed.\n\n<cleo@far.example>:\n192.0.2.9 does not like recipient.\nRemote host said: 550 User not found: cleo@far.example\nGiving up on 192.0.2.9.\n\n--- Below this line is a copy of the message.',
    }),
  },
  {
    name: 'QQ mail (an account that does not exist)',
    means: { kind: 'failed', status: '5.1.1' },
    raw: `
From: =?utf-8?B?${Buffer.from('系统退信').toString('base64')}?= <PostMaster@qq.example>
To: bounces+x@shop.example
Subject: =?utf-8?B?${Buffer.from('系统退信/Systems bounce').toString('base64')}?=
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="q1"

--q1
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: base64

${b64('<html><body><p>很抱歉您发送的邮件被退回，以下是该退信的相关信息：</p><p>被退回邮件 主 题：银行卡支付失败</p><p>无法发送到 10001@qq.example</p><p>退信原因 收件人邮件地址（10001@qq.example）不存在，邮件无法送达。</p><p>host mx3.qq.example said: 550 Mailbox not found. http://service.mail.qq.example</p></body></html>')}

--q1
Content-Type: message/rfc822

${OURS}

Text
--q1--
`,
  },
  {
    name: 'QQ mail (full)',
    means: { kind: 'failed', status: '5.2.2' },
    raw: `
From: =?utf-8?B?${Buffer.from('系统退信').toString('base64')}?= <PostMaster@qq.example>
To: bounces+x@shop.example
Subject: =?utf-8?B?${Buffer.from('系统退信').toString('base64')}?=
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

${b64('退信原因：收件人邮箱空间不足，邮箱已满，无法接收您的邮件。')}
`,
  },
  {
    name: 'mail services of China (a rule of theirs about us)',
    means: { kind: 'failed', status: '5.7.1' },
    raw: plain({
      from: 'Postmaster@163.example',
      subject: '系统退信',
      text: '您的邮件被退回。\n退信代码：554 DT:SPM\n退信原因：对方服务器判断为垃圾邮件，拒收。',
    }),
  },
  {
    name: 'Exchange servers in German, without a code',
    means: { kind: 'failed', status: '5.1.1' },
    raw: plain({
      from: 'postmaster@firma.example',
      subject: 'Unzustellbar: Zahlung',
      text: 'Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\nanna@firma.example\nDie eingegebene E-Mail-Adresse konnte nicht gefunden werden.',
    }),
  },
  {
    name: 'Yahoo (nobody has that account)',
    means: { kind: 'failed', status: '5.1.1' },
    raw: plain({
      from: 'MAILER-DAEMON@yahoo.example',
      subject: 'Failure Notice',
      text: "Sorry, we were unable to deliver your message to the following address.\n\n<anna@yahoo.example>:\n554: delivery error: dd This user doesn't have a yahoo.example account (anna@yahoo.example) [0]",
    }),
  },
  {
    name: 'QQ mail (too many from us)',
    means: { kind: 'failed', status: '5.7.1' },
    raw: plain({
      from: 'PostMaster@qq.example',
      subject: 'Undeliverable mail',
      text: 'host mx3.qq.example said: 550 Connection frequency limited',
    }),
  },
  {
    name: 'complaint feedback loops',
    means: { kind: 'complaint' },
    raw: `
From: <feedback@isp.example>
To: <abuse@shop.example>
Subject: FW: Paying by card fails
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="f1"

--f1
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report for an email message received from IP 192.0.2.1.

--f1
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <bounces+x@shop.example>
Original-Rcpt-To: <anna@isp.example>

--f1
Content-Type: message/rfc822

${OURS}

Text
--f1--
`,
  },
  {
    name: 'people who are away',
    means: { kind: 'other' },
    raw: plain({
      from: 'Anna <anna@customers.example>',
      subject: 'Out of office: Paying by card fails',
      headers: 'Auto-Submitted: auto-replied\nIn-Reply-To: <0199aaaa-bbbb-7ccc-8ddd-eeeeffff0001@shop.example>',
      text: 'I am away until Monday. This mailbox does not exist for me until then.',
    }),
  },
  {
    name: 'people who answer',
    means: { kind: 'other' },
    raw: plain({
      from: 'Anna <anna@customers.example>',
      subject: 'Re: Paying by card fails',
      text: 'My account does not exist any more?',
    }),
  },
];
