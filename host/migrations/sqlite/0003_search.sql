-- Tokens of our own, in `archive/search`. The number of a document is the message's moment, so that the newest are
-- found first without sorting. Neither the texts nor the places of words are kept a second time.
create virtual table search using fts5 (
    tokens,
    content = '',
    contentless_delete = 1,
    detail = 'none',
    tokenize = "ascii tokenchars '#$:_-'"
);
-- Written in large steps.
insert into search (search, rank) values ('hashsize', 4194304);

-- By which rules the tokens were made; of none at the beginning. See `archive::search::VERSION`.
create table search_rules (
    version integer not null
) strict;
insert into search_rules values (0);

-- Every word there is, and the words that hold three letters in a row.
create table words (
    key integer primary key,
    word text not null unique
) strict;
create table trigrams (
    trigram integer not null,
    word integer not null,
    primary key (trigram, word)
) strict, without rowid;
