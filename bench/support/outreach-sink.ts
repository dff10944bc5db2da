import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** A mail server and an emulated Twilio that take everything and keep the last mails alone, in a process of their own; count what they took. */
const taken = { mail: 0, mailBytes: 0, sms: 0, lastMails: [] as string[] };
/** Enough to hold each language as often as it is sent. */
const KEPT = 300;

const smtp = new SMTPServer({
  disabledCommands: ['STARTTLS', 'AUTH'],
  disableReverseLookup: true,
  onData: (stream, _session, done) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      taken.mailBytes += chunk.length;
    });
    stream.on('end', () => {
      taken.mail++;
      taken.lastMails[taken.mail % KEPT] = Buffer.concat(chunks).toString('latin1');
      done();
    });
  },
});
smtp.on('error', () => undefined);
const twilio = createServer((request, response) => {
  request.resume().on('end', () => {
    const sid = `SM${(taken.sms++).toString(16).padStart(32, '0')}`;
    const body = JSON.stringify({ sid, status: 'queued', num_segments: '1' });
    response.writeHead(201, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  });
});
smtp.listen(0, '127.0.0.1', () => {
  twilio.listen(0, '127.0.0.1', () => {
    process.send?.({
      smtp: (smtp.server.address() as AddressInfo).port,
      twilio: (twilio.address() as AddressInfo).port,
    });
  });
});
process.on('message', () => process.send?.(taken));
process.once('disconnect', () => process.exit(0));
