//! Finding a person by name. The index is beside the name itself, in the vault, so that erasing a
//! person empties it; nothing of it is in the log.

use chrono::{DateTime, Utc};
use domain::ids::HolderId;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use uuid::Uuid;

use super::{Person, Vault, VaultError};
use crate::database::{Query, Transaction};

/// The most words of one name that are indexed, and of one search that are looked for.
pub(super) const NAME_WORDS_MAX: usize = 8;

/// The most characters of a word; what follows them finds nobody and hides nobody.
const WORD_CHARS_MAX: usize = 40;

/// The fewest characters of the longest word of a search.
pub(super) const SEARCH_CHARS_MIN: usize = 2;

/// The most people in one page.
pub const FOUND_PAGE_MAX: u32 = 100;

/// How many names one pass of [`Vault::index_names`] looks at.
const INDEXED_AT_ONCE: i64 = 500;

/// What is looked for: the beginnings of words of a name, in any order.
///
/// Has no `Debug` that shows them: they are somebody's name.
#[derive(Clone, PartialEq, Eq)]
pub struct NameSearch {
    /// The longest comes first: it leaves the fewest to look at.
    words: Vec<String>,
}

/// There is too little to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a search needs at least two letters of one name, and at most eight names")]
pub struct NotASearch;

impl NameSearch {
    /// The words of what somebody typed.
    ///
    /// # Errors
    /// If its longest word has fewer than [`SEARCH_CHARS_MIN`] characters, or there are more than
    /// [`NAME_WORDS_MAX`].
    pub fn parse(typed: &str) -> Result<Self, NotASearch> {
        let mut words = folded(typed, NAME_WORDS_MAX + 1);
        words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
        let longest = words.first().map_or(0, |word| word.chars().count());
        if longest < SEARCH_CHARS_MIN || NAME_WORDS_MAX < words.len() {
            return Err(NotASearch);
        }
        Ok(Self { words })
    }

    fn begins_words_of(&self, name: &str) -> bool {
        let of_name = folded(name, NAME_WORDS_MAX);
        let begins = |begin: &String| of_name.iter().any(|word| word.starts_with(begin));
        self.words.iter().all(begins)
    }
}

/// Says nothing about the person.
impl std::fmt::Debug for NameSearch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("NameSearch(..)")
    }
}

/// Where a page ended, so that the next one begins behind it.
#[derive(Clone, PartialEq, Eq)]
pub struct FoundPlace {
    /// The word by which the last one was found.
    pub word: String,
    /// Who he was.
    pub holder: HolderId,
}

/// Says nothing about the person.
impl std::fmt::Debug for FoundPlace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("FoundPlace(..)")
    }
}

/// A person who was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPerson {
    /// Who.
    pub holder: HolderId,
    /// His name and address.
    pub person: Person,
    /// Where in the list of all who match.
    pub place: FoundPlace,
}

impl Vault {
    /// People whose name has, for each word of the search, a word that begins with it; ordered by
    /// the word by which they were found. At most `limit` people are *looked at*, of whom those are
    /// returned that match the other words as well; the second part is where to go on, if there may
    /// be more.
    pub async fn find_people(
        &self,
        search: &NameSearch,
        after: Option<&FoundPlace>,
        limit: u32,
    ) -> Result<(Vec<FoundPerson>, Option<FoundPlace>), VaultError> {
        if limit == 0 || FOUND_PAGE_MAX < limit {
            return Err(VaultError::Invalid("a page has 1 to 100 people"));
        }
        let Some(begin) = search.words.first() else { return Ok((Vec::new(), None)) };
        let from = after.map_or(begin.as_str(), |place| place.word.as_str());
        let behind = after.map_or(Uuid::nil(), |place| place.holder.0);
        // A name of which several words begin so is found by the first of them, once.
        let rows: Vec<(String, Uuid, String, String)> = Query::new(
            "
            select found.word, found.holder_id, person.name, person.email
            from person_search as found join person on person.holder_id = found.holder_id
            where (found.word, found.holder_id) > ($1, $2)
                and found.word >= $3 and found.word < $4
                and not exists (
                    select 1 from person_search as earlier
                    where earlier.holder_id = found.holder_id
                        and earlier.word >= $3 and earlier.word < found.word
                )
            order by found.word, found.holder_id
            limit $5
            ",
        )
        .bind(from)
        .bind(behind)
        .bind(begin)
        .bind(format!("{begin}\u{10FFFF}"))
        .bind(i64::from(limit))
        .fetch_all(self.connections.reader())
        .await?;
        let is_full = u32::try_from(rows.len()).is_ok_and(|rows| rows == limit);
        let found = rows.into_iter().map(|(word, holder, name, email)| {
            let holder = HolderId(holder);
            let place = FoundPlace { word, holder };
            FoundPerson { holder, person: Person { name, email }, place }
        });
        let mut found: Vec<_> = found.collect();
        let next = found.last().filter(|_| is_full).map(|last| last.place.clone());
        found.retain(|found| search.begins_words_of(&found.person.name));
        Ok((found, next))
    }

    /// Indexes names that were written by a build that had no index, of at most 500 people behind
    /// `after`. Where to go on; `None` once there are no more.
    pub async fn index_names(
        &self,
        after: Option<HolderId>,
        now: DateTime<Utc>,
    ) -> Result<Option<HolderId>, VaultError> {
        let rows: Vec<(Uuid, String, String)> = Query::new(
            "
            select holder_id, name, email from person
            where holder_id > $1 and not exists (
                select 1 from person_search where person_search.holder_id = person.holder_id
            )
            order by holder_id
            limit $2
            ",
        )
        .bind(after.map_or(Uuid::nil(), |holder| holder.0))
        .bind(INDEXED_AT_ONCE)
        .fetch_all(self.connections.reader())
        .await?;
        let last = rows.last().map(|(holder, ..)| HolderId(*holder));
        for (holder, name, email) in rows {
            self.put_person(HolderId(holder), &Person { name, email }, now).await?;
        }
        Ok(last)
    }

    /// Writes the words of a name in place of those that were there.
    pub(super) async fn index(
        &self,
        tx: &mut Transaction,
        holder: HolderId,
        name: &str,
    ) -> Result<(), VaultError> {
        Query::new("delete from person_search where holder_id = $1")
            .bind(holder.0)
            .execute(&mut *tx)
            .await?;
        for word in name_words(name) {
            Query::new(
                "
                insert into person_search (word, holder_id) values ($1, $2)
                on conflict do nothing
                ",
            )
            .bind(word)
            .bind(holder.0)
            .execute(&mut *tx)
            .await?;
        }
        Ok(())
    }
}

/// By which words a name is found.
pub(crate) fn name_words(name: &str) -> Vec<String> {
    folded(name, NAME_WORDS_MAX)
}

/// The first words of a text: lower case, without accents and apostrophes.
fn folded(text: &str, words_max: usize) -> Vec<String> {
    let plain: String = text
        .nfkd()
        .filter(|char| !is_combining_mark(*char) && !matches!(char, '\'' | '\u{2019}' | '\u{2BC}'))
        .flat_map(char::to_lowercase)
        .collect();
    plain
        .split(|char: char| !char.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(words_max)
        .map(|word| word.chars().take(WORD_CHARS_MAX).collect())
        .collect()
}
