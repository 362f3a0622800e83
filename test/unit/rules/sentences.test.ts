import { describe, expect, it } from 'vitest';
import { countSentences } from '../../../src/domain/rules/lint.js';

describe('countSentences finds one in', () => {
  it.each([
    'Claim first.',
    'Claim first',
    'Use a queue, e.g. the one of coord, or wait.',
    'Use a queue, e.g. Redis, or wait.',
    'Ask the owner, i.e. Maya, before you deploy.',
    'Ask Dr. Noor or J. R. Smith before you deploy.',
    'Clean logs, caches etc. before you deploy.',
    'Keep logs (caches etc.) out, etc. `dist` too.',
    'Follow rule no. 5 and sect. 4, approx. 3 times.',
    'Wait at most 5 min. before a retry.',
    'Edit coord.config.json by hand only.',
    'Run Node 20.1.2 or v22.0.0-rc.1 only.',
    'Run `git push. Then stop` only by hand.',
    'Run ``a ` b. C`` only by hand.',
    'Never end a page with ... in production.',
    'Never write "..." or "…" or “TBD!” in production.',
    'Never wait… or stop... without a note.',
    'Ask "Is it done? Who says so?" before you report.',
    'Ask “is it done?” before you report.',
    "Ask 'Is it done? Who says so?' before you report.",
    'Ask ‘Is it done? Who says so?’ before you report.',
    'Ask "Is [it](b) done? Who says so?" before you report.',
    'Ask «Fini ? Vraiment ?» before you report.',
    'Claim it (do not edit yet! Wait.) and go on.',
    'Claim it (not [yet] (see 1. Then 2.)) and go on.',
    'Read [the guide. It helps](https://a.example/b.c?d=e. F) first.',
    'Read [the guide](https://a.example/b.c?d=e. F) first.',
    'Nimm eine Sperre, z. B. Redis, oder d. h. warte.',
    'Use a queue, **e.g. Redis**, or wait.',
    'Say "done." (or "ready.") only at the end.',
    'Keep a != b and !important out of styles.',
    'Work in .. or . only.',
    'Set the time limit to 1.5 h for U.S. servers.',
    'Do it now!!!',
    'Is it done?!',
    '**Claim first.**',
    'Claim first. 🎉',
    '変更する前に宣言する。',
    '「終わった。」と言う前に確かめる。',
    '版は１．２にする。',
    'परिवर्तन से पहले दावा करें।',
    'اطلب الإذن قبل التغيير؟',
    '변경하기 전에 선언하세요.',
  ])('%s', (text) => {
    expect(countSentences(text)).toBe(1);
  });
});

describe('countSentences finds two in', () => {
  it.each([
    'Claim first. Then edit.',
    'Claim first. then edit.',
    'Deploy with care. npm comes later.',
    'Claim first! Then edit?',
    'Is it claimed? edit it.',
    'Is it claimed?! Edit it.',
    'Claim it… Then edit.',
    'Claim it... Then edit.',
    'Claim it ... Then edit.',
    'Clean logs, caches etc. Then deploy.',
    'Never say no. Ask instead.',
    'Edit coord.config.json. Then commit.',
    'Run Node 20. Then test.',
    'Run `coord claim`. Then edit.',
    'Claim it. `coord claim` does so.',
    'Do A. Do B.',
    'Do a. Do b.',
    'Read https://a.example/b?c=d. Then edit.',
    'So do I. You should too.',
    'Say "done." Then stop.',
    '**Claim first.** Then edit.',
    "Don't edit. It's claimed.",
    'Claim it. (See the guide.)',
    'Claim it (see the guide). Then edit.',
    'Claim it. 5 minutes are enough.',
    'Claim it. “Later” is too late.',
    '宣言する。それから変更する。',
    '「はい。」 それから変更する。',
    'まず宣言！次に変更。',
    'पहले दावा करें। फिर बदलें।',
    '선언하세요. 그리고 변경하세요.',
    '¡Reserva! ¿Está listo?',
  ])('%s', (text) => {
    expect(countSentences(text)).toBe(2);
  });
});

describe('countSentences', () => {
  it.each(['', ' ', '...', '— 🎉 —'])('finds none in %j', (text) => {
    expect(countSentences(text)).toBe(0);
  });

  it('counts beyond two', () => {
    expect(countSentences('One. Two! Three? Four')).toBe(4);
  });
});
