import { describe, expect, it } from '@jest/globals';
import { chooseLocale } from './locale.js';

describe('the language of a reader', () => {
  it.each([
    ['de-AT', ['en', 'de'], 'de'],
    ['zh-CN', ['en', 'zh'], 'zh'],
    ['zh-SG', ['en', 'zh', 'zh-Hant'], 'zh'],
    ['zh-TW', ['en', 'zh'], 'en'],
    ['zh-TW', ['en', 'zh', 'zh-Hant'], 'zh-Hant'],
    ['zh-MO', ['en', 'zh-TW', 'zh-HK'], 'zh-HK'],
    ['zh-Hant-CN', ['zh', 'zh-TW'], 'zh-TW'],
    ['en-AU', ['de', 'en-US', 'en'], 'en'],
    ['en-US', ['de', 'en-GB', 'en-US'], 'en-US'],
    ['es-MX', ['es-ES', 'es-419'], 'es-419'],
    ['pt-AO', ['pt', 'pt-PT'], 'pt-PT'],
    ['sr-Latn', ['en', 'sr'], 'en'],
    ['fr', ['en', 'de'], 'en'],
    ['not a tag', ['en', 'de'], 'en'],
    [null, ['en', 'de'], 'en'],
  ])('%s of %j is %s', (wanted, offered, chosen) => {
    expect(chooseLocale(wanted, offered)).toBe(chosen);
  });
});
