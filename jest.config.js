/** Tests run through SWC as ES modules; see CONTRIBUTING.md for the three kinds of test. */
const common = {
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/\\.build'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    '^libphonenumber-js/max$': '<rootDir>/node_modules/libphonenumber-js/max/index.cjs', // its ES modules import JSON in a way that jest warns about
  },
  transform: { '^.+\\.ts$': ['@swc/jest'] },
};

export default {
  maxWorkers: 2,
  workerIdleMemoryLimit: '1500MB', // modules of a file are never let go; a worker of 4 GB collects garbage for most of its time
  testSequencer: '<rootDir>/test/support/slow-first.mjs',
  testTimeout: 60_000,
  projects: [
    { ...common, displayName: 'pure', testMatch: ['<rootDir>/src/**/*.spec.ts'] },
    {
      ...common,
      displayName: 'whole',
      testMatch: ['<rootDir>/test/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/test-server.setup.mjs',
      globalTeardown: '<rootDir>/test/support/test-server.teardown.mjs',
    },
  ],
};
