import { type Client } from 'pg';

/** The schema `public` of the database that a client is connected to, as readable SQL in a fixed order. */
export function schemaOf(client: Client): Promise<string>;
