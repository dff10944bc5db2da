import { describe, expect, it } from '@jest/globals';
import { typeName } from './names.v1.js';

describe('the name of an exception type', () => {
  it.each([
    ['java.lang.NullPointerException', 'NullPointerException'],
    ['App\\Cart\\OutOfStock', 'OutOfStock'],
    ['Shop::Cart::Empty', 'Empty'],
    ['Fault`1[[System.String]]', 'Fault'],
    ['Vault`1', 'Vault'],
    ['Foo$4', 'Foo'],
    ['HTTP Error', 'HTTP Error'],
    ['Foo-Bar', 'Foo-Bar'],
    ['Ошибка', 'Ошибка'],
    ['ab', ''],
  ])('of %s is "%s"', (type, name) => {
    expect(typeName(type)).toBe(name);
  });
});
