import { type News } from './news.js';

/** One line about an incident, in words of ours alone: an app's texts are written by anybody, and customers are only counted. */
export function wordsOf(news: News, base: string): string {
  const { incidentId, project, severity, customers, mergedInto, again } = news;
  const name = `ncident ${incidentId} in ${project}`;
  const hit = `${severity}, ${customers} ${customers === 1 ? 'customer' : 'customers'}`;
  const link = `${base}/#/incidents/${incidentId}`;
  switch (news.event) {
    case 'opened':
      return `I${name} is open${again ? ' again' : ''}: ${hit}, ${link}`;
    case 'approvalWaiting':
      return `Outreach about i${name} waits for approval (campaign ${news.campaignId}): ${hit}, ${link}`;
    case 'deliveryFailing':
      return `Messages about i${name} fail (campaign ${news.campaignId}): ${news.failed} of ${news.messages}, ${link}`;
    case 'resolved':
      return mergedInto === null
        ? `I${name} is over: ${hit}, ${link}`
        : `I${name} is part of incident ${mergedInto} now, ${link}`;
  }
}
