-- By what a person is found at the desk: the words of his name, folded. Personal data, in no event;
-- erasing a person deletes his rows here as well.
create table person_search (
    -- Lower case, without accents and apostrophes.
    word text not null,
    holder_id blob not null,
    constraint person_search_key primary key (word, holder_id)
) strict, without rowid;

create index person_search_of_holder on person_search (holder_id);
