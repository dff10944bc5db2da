import { describe, expect, it } from '@jest/globals';
import { cut, fill, fillProblem, greetingName, oneLine, render, templateProblem, tidyLines } from './render.js';

describe('a template of the configuration', () => {
  it('may branch on a value', () => {
    expect(render('Hello{% if name %} {{ name }}{% endif %}', { name: null })).toBe('Hello');
    expect(render('{% unless name %}x{% else %}{{ name | upcase }}{% endunless %}', { name: 'a' })).toBe('A');
  });

  it.each([
    "{% include '.env' %}",
    "{% render 'package.json' %}",
    "{% layout 'package.json' %}",
    '{% for i in (1..9) %}x{% endfor %}',
    '{% tablerow i in (1..9) %}x{% endtablerow %}',
    '{% capture a %}x{% endcapture %}',
    '{{ unknown }}',
    "{{ name | date: '%Y' | nofilter }}",
  ])('is refused with %s', (template) => {
    expect(templateProblem(template, ['name'])).toBeDefined();
  });

  it('cannot make more than a bounded text', () => {
    const doubled = `{% assign a = 'xxxxxxxxxx' %}${'{% assign a = a | append: a %}'.repeat(24)}{{ a }}`;
    expect(templateProblem(doubled, [])).toMatch(/limit|characters/);
    const spread = `{% assign a = '${'x'.repeat(9999)}' %}${'{{ a }}'.repeat(9)}`;
    expect(templateProblem(spread, [])).toMatch(/characters/);
  });
});

describe('the words of a person', () => {
  it('are filled by name alone and otherwise stay as they are', () => {
    expect(fill("Since {{ since }}: {% include '.env' %} {{constructor}} {{ toString }}", { since: '9:00' })).toBe(
      "Since 9:00: {% include '.env' %} {{constructor}} {{ toString }}",
    );
    expect(fill('{{since}} {{ since }}', { since: '$&' })).toBe('$& $&');
  });

  it.each(["{% include '.env' %}", '{{ product }}', '{{ since | upcase }}', '{{', '{% if since %}x{% endif %}'])(
    'are refused with %s, which would go out as it stands',
    (text) => {
      expect(fillProblem(text, ['since'])).toContain('plain text');
    },
  );

  it('may hold braces and percent signs', () => {
    expect(fillProblem('50 % off {today} since {{ since }}', ['since'])).toBeUndefined();
  });
});

describe('a name in a greeting', () => {
  it.each(['Anna', 'José Ñandú', '陈晓明', "O'Neill-Smith Jr.", 'J.R. Ewing', 'Dr. Müller'])('%s is used', (name) => {
    expect(greetingName(name)).toBe(name);
  });

  it.each(['win at evil.example', 'https://x', 'a@b.c', '<b>x</b>', '{{ link }}', 'x'.repeat(61), ' ', '\u0000'])(
    '%j is left out',
    (name) => {
      expect(greetingName(name)).toBeNull();
    },
  );
});

describe('a text', () => {
  it('for one line holds no line break and no control character', () => {
    expect(oneLine('a\r\nBcc: x\u0000\u001b[2J\u202eb\u2028c')).toBe('a Bcc: x[2Jb c');
    expect(tidyLines('a\u0007\n\n\n\nb')).toBe('a\n\nb');
  });

  it('is cut between characters', () => {
    expect(cut('abc', 3)).toBe('abc');
    expect(cut('abcd', 3)).toBe('ab…');
    expect(cut('a😀😀', 4)).toBe('a😀…');
    expect(cut('a😀😀', 3)).toBe('a…');
    expect(cut('abc', 0)).toBe('');
  });
});
