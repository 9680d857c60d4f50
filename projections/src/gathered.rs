//! What the events of a batch change, gathered before it is written: a statement for many rows. To
//! hand a statement to the database costs more than most statements do there.

use stores::{database::Transaction, event_store::Recorded};

use crate::{
    ProjectionError, certificates,
    fact::{Fact, Meta},
    history, ledger, passcode_status, staff, work,
};

/// The most rows of one statement.
const ROWS_MAX: usize = 64;

/// What is to be written at the end of a batch.
#[derive(Default)]
pub(crate) struct Gathered<'a> {
    history: Vec<history::Line<'a>>,
    ledger: Vec<ledger::Line>,
    passcodes: passcode_status::Changed,
    over: work::Over,
}

impl<'a> Gathered<'a> {
    /// What an event changes, in every projection. What is rare is written at once.
    pub(crate) async fn add(
        &mut self,
        tx: &mut Transaction,
        event: &'a Recorded,
    ) -> Result<(), ProjectionError> {
        let meta = Meta::read(event);
        self.history.push(history::Line::of(event, meta.as_ref().ok()));
        let Some(fact) = Fact::read(event, meta)? else { return Ok(()) };
        passcode_status::fold(&mut self.passcodes, &fact);
        certificates::fold(tx, &fact).await?;
        staff::fold(tx, &fact).await?;
        work::fold(tx, &mut self.over, &fact).await?;
        self.ledger.push(ledger::fold(tx, &fact).await?);
        Ok(())
    }

    /// Writes what has been gathered.
    pub(crate) async fn write(self, tx: &mut Transaction) -> sqlx::Result<()> {
        history::write(tx, &self.history).await?;
        ledger::write(tx, &self.ledger).await?;
        passcode_status::write(tx, &self.passcodes).await?;
        work::remove(tx, &self.over).await
    }
}

/// Rows in portions of powers of two, so that few texts of statements have to be prepared.
pub(crate) fn portions<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let mut rest = rows;
    std::iter::from_fn(move || {
        let size = 1 << rest.len().min(ROWS_MAX).checked_ilog2()?;
        let (portion, others) = rest.split_at(size);
        rest = others;
        Some(portion)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_into_powers_of_two_and_none_is_left_out() {
        for (n, sizes) in [(0, vec![]), (1, vec![1]), (7, vec![4, 2, 1]), (129, vec![64, 64, 1])] {
            let rows: Vec<usize> = (0..n).collect();
            let cut: Vec<_> = portions(&rows).collect();
            assert_eq!(cut.iter().map(|portion| portion.len()).collect::<Vec<_>>(), sizes);
            assert_eq!(cut.concat(), rows);
        }
    }
}
