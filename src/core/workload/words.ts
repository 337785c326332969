/**
 * What synthetic prompts are made of: common short words, since they are one token each in nearly every vocabulary. Plain
 * lower-case ASCII, so that no tokenizer normalises them, and none is a control token.
 */
export const WORDS: readonly string[] = (
  'the is of to in and for that with this be from not are by an all if or no one on at as it has new may can will ' +
  'name value file time data list type number string object set first last line text code test key path order state ' +
  'user work day year way part place case point group home water room area money story fact month lot right study ' +
  'book word business issue side kind head house service friend father power hour game end member law car city ' +
  'community team minute idea body back face others level office door health person art war history party result ' +
  'change morning reason research girl guy moment air teacher force education foot boy age policy music market ' +
  'sense nation'
).split(' ')
