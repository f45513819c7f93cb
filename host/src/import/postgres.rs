//! PostgreSQL databases of others: one transaction that only reads, and sees the same from its beginning to its end.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tokio::runtime::Handle;
use tokio_postgres::types::ToSql;

use super::{
    error::ImportError,
    fields::Fields,
    rows::{LONGEST_VALUE, Rows, too_long},
    source::Fingerprint,
};
use crate::archive::Visit;

#[derive(Debug)]
pub(super) struct PostgresRows {
    visit: Visit,
    place: PathBuf,
    runtime: Handle,
}

impl PostgresRows {
    pub(super) async fn open(address: &str) -> Result<Self, ImportError> {
        let visit = Visit::begin(address).await?;
        let begin = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL TIME ZONE 'UTC'";
        let place = PathBuf::from(&visit.place);
        visit.client.batch_execute(begin).await.map_err(|error| away(&place, error))?;
        Ok(Self { visit, place, runtime: Handle::current() })
    }

    /// Of everything in these tables: each row is looked at, and their order does not count.
    pub(super) async fn fingerprint(&self, tables: &[&str]) -> Result<Fingerprint, ImportError> {
        let failed = |error| away(&self.place, error);
        let mut contents = String::new();
        for table in tables {
            if !self.is_table(table).await? {
                continue;
            }
            let sql = format!(
                "SELECT concat(count(*), ' ', sum(hashtextextended(it::text, 0)::numeric)) FROM {table} it"
            );
            let sum: String = self.visit.client.query_one(&sql, &[]).await.map_err(failed)?.get(0);
            contents.push_str(&format!("{table} {sum}\n"));
        }
        Ok(Fingerprint::told(&self.place.display().to_string(), &contents))
    }

    async fn is_table(&self, name: &str) -> Result<bool, ImportError> {
        let sql = "SELECT count(*) FROM pg_class WHERE oid = to_regclass($1) AND relkind IN ('r', 'p')";
        let row = self.visit.client.query_one(sql, &[&name]).await;
        Ok(row.map_err(|error| away(&self.place, error))?.get::<_, i64>(0) > 0)
    }

    async fn rows(&self, sql: &str, numbers: &[i64]) -> Result<Vec<String>, tokio_postgres::Error> {
        // Every type becomes what JSON has for it.
        let sql = format!("SELECT row_to_json(it)::text FROM ({sql}) it");
        let numbers: Vec<&(dyn ToSql + Sync)> =
            numbers.iter().map(|number| number as &(dyn ToSql + Sync)).collect();
        let rows = self.visit.client.query(&sql, &numbers).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }
}

/// On a thread that may wait.
impl Rows for PostgresRows {
    fn place(&self) -> &Path {
        &self.place
    }

    fn has_table(&self, name: &str) -> Result<bool, ImportError> {
        self.runtime.block_on(self.is_table(name))
    }

    fn has_column(&self, table: &str, column: &str) -> Result<bool, ImportError> {
        let sql = "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass($1) AND attname = $2 \
                   AND NOT attisdropped";
        let row = self.runtime.block_on(self.visit.client.query_one(sql, &[&table, &column]));
        Ok(row.map_err(|error| away(&self.place, error))?.get::<_, i64>(0) > 0)
    }

    fn all(&self, what: &str, sql: &str, numbers: &[i64]) -> Result<Vec<Fields>, ImportError> {
        let rows =
            self.runtime.block_on(self.rows(sql, numbers)).map_err(|error| away(&self.place, error))?;
        rows.into_iter()
            .map(|row| {
                let damaged = |reason: String| ImportError::damaged(&self.place, what, reason);
                let fields = serde_json::from_str(&row).map_err(|error| damaged(error.to_string()))?;
                // Only a long row has long values.
                let longest = if row.len() > LONGEST_VALUE { LONGEST_VALUE } else { usize::MAX };
                Ok(bounded(fields, longest))
            })
            .collect()
    }
}

/// Without values that are longer.
fn bounded(mut fields: Map<String, Value>, longest: usize) -> Fields {
    let mut refused = None;
    if longest < usize::MAX {
        fields.retain(|name, value| {
            let length = value.as_str().map_or_else(|| value.to_string().len(), str::len);
            if length > longest {
                refused = Some(too_long(name));
            }
            length <= longest
        });
    }
    Fields::incomplete(fields, refused)
}

fn away(place: &Path, error: tokio_postgres::Error) -> ImportError {
    ImportError::Away { path: place.to_owned(), source: error.into() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_that_are_too_long_are_left_out_and_named() {
        let row =
            || json!({ "id": 7, "text": "long enough", "raw": { "a": 1 } }).as_object().unwrap().clone();
        let bounded_to = |longest| {
            let fields = bounded(row(), longest);
            (fields.refused().map(str::to_owned), fields.rest().keys().cloned().collect::<Vec<_>>())
        };
        let all = || ["id", "text", "raw"].map(str::to_owned).to_vec();
        assert_eq!(bounded_to(usize::MAX), (None, all()));
        assert_eq!(bounded_to(11), (None, all()));
        assert_eq!(bounded_to(10).1, ["id", "raw"]);
        assert!(bounded_to(10).0.unwrap().starts_with("`text`"));
        assert_eq!(bounded_to(2).1, ["id"]);
    }
}
