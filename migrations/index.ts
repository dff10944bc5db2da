import { Foundation1795392000000 } from './1795392000000-foundation.js';
import { Telemetry1795395600000 } from './1795395600000-telemetry.js';
import { Cluster1795399200000 } from './1795399200000-cluster.js';

/** All migrations, oldest first. */
export const migrations = [Foundation1795392000000, Telemetry1795395600000, Cluster1795399200000];
