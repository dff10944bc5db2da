import eslint from '@eslint/js';
import prettier from 'eslint-config-prettier';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

const CLOCK = 'Time and chance are arguments: take `now` or use platform/clock.ts.';

const SQL = 'SQL stands in stores: docs/decisions/0004-sql-is-written.md.';
const CHANCE = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: CLOCK },
  { selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']", message: CLOCK },
  { selector: "CallExpression[callee.object.name='Math'][callee.property.name='random']", message: CLOCK },
];

export default tseslint.config(
  { ignores: ['dist/**', '.build*/**', 'node_modules/**', 'coverage/**'] },
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': ['error', ...CHANCE],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/**/*.{store,read-model,command}.ts', 'src/platform/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...CHANCE,
        { selector: "CallExpression[callee.property.name='query']", message: SQL },
      ],
    },
  },
  {
    files: ['src/platform/clock.ts', 'bench/**', 'test/**', 'src/demo/**'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['**/*.spec.ts'],
    plugins: { jest },
    rules: { 'jest/no-focused-tests': 'error', 'jest/no-disabled-tests': 'error', 'jest/expect-expect': 'off' },
  },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        module: 'writable',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        fetch: 'readonly',
      },
    },
  },
  prettier,
);
