import { parentPort } from 'node:worker_threads';
import { BuiltInEmbedder } from './built-in.embedder.js';
import { answerCalls } from './thread-calls.js';

/* The thread in which the sentence model lives: takes texts, answers vectors. */
const embedder = new BuiltInEmbedder();
answerCalls(parentPort, (texts: readonly string[]) => embedder.embed(texts));
