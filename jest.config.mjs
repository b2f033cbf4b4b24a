const shared = {
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^@kubelab/(apimachinery|api|client|controller|component|testkit)/(.*)$': '<rootDir>/packages/$1/src/$2.ts',
    '^@kubelab/([a-z-]+)/(.*)$': '<rootDir>/$1/src/$2.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: false },
          target: 'es2022',
          experimental: { keepImportAttributes: true },
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/.kubelab', '/dist/'],
};

/** Unit tests lie beside the code (x.test.ts); those that start etcd or a container are x.integration.test.ts; test/ drives a whole lab. */
export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/**/*.test.ts'],
      testPathIgnorePatterns: [
        '/node_modules/',
        '\\.integration\\.test\\.ts$',
        '<rootDir>/test/e2e/',
        '<rootDir>/test/machine/',
        '<rootDir>/.kubelab/',
      ],
      setupFilesAfterEnv: ['<rootDir>/scripts/jest-patience.mjs'],
    },
    {
      ...shared,
      displayName: 'integration',
      testMatch: ['<rootDir>/**/*.integration.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/', '<rootDir>/.kubelab/'],
      setupFilesAfterEnv: ['<rootDir>/scripts/jest-patience.mjs'],
    },
    {
      ...shared,
      displayName: 'machine',
      testMatch: ['<rootDir>/test/machine/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.test.ts'],
      setupFilesAfterEnv: ['<rootDir>/scripts/jest-patience.mjs'],
    },
  ],
};
