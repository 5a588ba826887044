//! Reads the `pgoutput` messages of a logical replication stream, protocol 1, text values.
//!
//! Only what delivery needs is kept: the shape of a table (Relation) and its new rows (Insert).
//! Transactions arrive whole and in commit order, so Begin and Commit carry nothing for us.

use std::collections::HashMap;

/// The new row of a table, column by column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    columns: HashMap<String, Option<String>>,
}

impl Row {
    /// The text of a column; `None` when it is null or does not exist.
    pub(super) fn get(&self, column: &str) -> Option<&str> {
        self.columns.get(column)?.as_deref()
    }
}

/// A message that does not read as its kind promises.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    kind: char,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = self.kind;
        write!(
            formatter,
            "the replication stream sent a message of kind {kind:?} that does not parse"
        )
    }
}

impl std::error::Error for Malformed {}

/// Remembers the tables announced on one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    relations: HashMap<u32, Relation>,
}

#[derive(Debug)]
struct Relation {
    schema: String,
    table: String,
    columns: Vec<String>,
}

impl Decoder {
    /// Takes one message; answers the row when it is an insert into `schema.table`.
    pub(super) fn read(
        &mut self,
        message: &[u8],
        schema: &str,
        table: &str,
    ) -> Result<Option<Row>, Malformed> {
        let Some((&kind, rest)) = message.split_first() else {
            return Ok(None);
        };
        let malformed = Malformed {
            kind: char::from(kind),
        };
        let mut reader = Reader(rest);
        match kind {
            b'R' => {
                let (id, relation) = reader.relation().ok_or(malformed)?;
                self.relations.insert(id, relation);
                Ok(None)
            }
            b'I' => {
                let id = reader.u32().ok_or(malformed)?;
                let relation = self.relations.get(&id).ok_or(Malformed { kind: 'I' })?;
                if relation.schema != schema || relation.table != table {
                    return Ok(None);
                }
                let row = reader.new_row(&relation.columns);
                row.map(Some).ok_or(Malformed { kind: 'I' })
            }
            _ => Ok(None),
        }
    }
}

/// A cursor over the bytes of one message; every method answers `None` at the end.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u8(&mut self) -> Option<u8> {
        self.bytes(1).map(|bytes| bytes[0])
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    /// A zero-terminated string.
    fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == 0)?;
        let text = String::from_utf8(self.bytes(end)?.to_vec()).ok()?;
        self.bytes(1)?;
        Some(text)
    }

    fn relation(&mut self) -> Option<(u32, Relation)> {
        let id = self.u32()?;
        let (schema, table) = (self.text()?, self.text()?);
        let _replica_identity = self.u8()?;
        let count = self.u16()?;
        let columns = (0..count).map(|_| self.column()).collect::<Option<_>>()?;
        Some((
            id,
            Relation {
                schema,
                table,
                columns,
            },
        ))
    }

    fn column(&mut self) -> Option<String> {
        let _part_of_key = self.u8()?;
        let name = self.text()?;
        let (_type_id, _modifier) = (self.u32()?, self.u32()?);
        Some(name)
    }

    fn new_row(&mut self, names: &[String]) -> Option<Row> {
        if self.u8()? != b'N' || usize::from(self.u16()?) != names.len() {
            return None;
        }
        let columns = names
            .iter()
            .map(|name| Some((name.clone(), self.value()?)))
            .collect::<Option<_>>()?;
        Some(Row { columns })
    }

    /// One value: null, an unchanged large value (which an insert never has), or text.
    fn value(&mut self) -> Option<Option<String>> {
        match self.u8()? {
            b'n' | b'u' => Some(None),
            b't' => {
                let length = usize::try_from(self.u32()?).ok()?;
                let text = String::from_utf8(self.bytes(length)?.to_vec()).ok()?;
                Some(Some(text))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relation(id: u32, schema: &str, table: &str, columns: &[&str]) -> Vec<u8> {
        let mut message = vec![b'R'];
        message.extend(id.to_be_bytes());
        message.extend(format!("{schema}\0{table}\0d").into_bytes());
        message.extend((columns.len() as u16).to_be_bytes());
        for column in columns {
            message.push(0);
            message.extend(format!("{column}\0").into_bytes());
            message.extend([0; 8]);
        }
        message
    }

    fn insert(id: u32, values: &[Option<&str>]) -> Vec<u8> {
        let mut message = vec![b'I'];
        message.extend(id.to_be_bytes());
        message.push(b'N');
        message.extend((values.len() as u16).to_be_bytes());
        for value in values {
            match value {
                None => message.push(b'n'),
                Some(text) => {
                    message.push(b't');
                    message.extend((text.len() as u32).to_be_bytes());
                    message.extend(text.as_bytes());
                }
            }
        }
        message
    }

    fn read(decoder: &mut Decoder, message: &[u8]) -> Result<Option<Row>, Malformed> {
        decoder.read(message, "realtime", "messages")
    }

    #[test]
    fn an_insert_reads_by_column_name() {
        let mut decoder = Decoder::default();
        let announced = relation(16, "realtime", "messages", &["topic", "payload"]);
        assert_eq!(read(&mut decoder, &announced), Ok(None));
        let row = read(&mut decoder, &insert(16, &[Some("a:ü"), None]));
        let row = row.unwrap().unwrap();
        assert_eq!(row.get("topic"), Some("a:ü"));
        assert_eq!(row.get("payload"), None);
        assert_eq!(row.get("absent"), None);
    }

    #[test]
    fn a_table_announced_again_has_its_new_shape() {
        let mut decoder = Decoder::default();
        let old = relation(16, "realtime", "messages", &["topic"]);
        let new = relation(16, "realtime", "messages", &["topic", "event"]);
        read(&mut decoder, &old).unwrap();
        read(&mut decoder, &new).unwrap();
        let row = read(&mut decoder, &insert(16, &[Some("t"), Some("e")]));
        assert_eq!(row.unwrap().unwrap().get("event"), Some("e"));
    }

    #[test]
    fn other_tables_and_other_messages_are_passed_over() {
        let mut decoder = Decoder::default();
        read(
            &mut decoder,
            &relation(17, "public", "messages", &["topic"]),
        )
        .unwrap();
        assert_eq!(read(&mut decoder, &insert(17, &[Some("t")])), Ok(None));
        assert_eq!(read(&mut decoder, b"B-begin"), Ok(None));
        assert_eq!(read(&mut decoder, b""), Ok(None));
    }

    #[test]
    fn a_cut_or_unannounced_message_is_malformed() {
        let mut decoder = Decoder::default();
        let announced = relation(16, "realtime", "messages", &["topic", "event"]);
        let whole = insert(16, &[Some("topic"), None]);
        assert_eq!(
            read(&mut decoder, &whole),
            Err(Malformed { kind: 'I' }),
            "not announced yet"
        );
        for length in 1..announced.len() {
            let cut = read(&mut decoder, &announced[..length]);
            assert_eq!(cut, Err(Malformed { kind: 'R' }), "{length}");
        }
        read(&mut decoder, &announced).unwrap();
        for length in 1..whole.len() {
            let cut = read(&mut decoder, &whole[..length]);
            assert_eq!(cut, Err(Malformed { kind: 'I' }), "{length}");
        }
    }
}
