//! Rows of a text file, plain or gzip, with the line each begins on; what is no row is told apart from a broken file.

use super::DatasetError;
use super::config::Delimiter;
use csv::{ByteRecord, StringRecord};
use flate2::bufread::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The columns of a file, by their places.
pub(crate) struct Columns {
    path: PathBuf,
    names: Vec<String>,
}

/// Reads one file from its first row to its last.
pub(crate) struct Rows {
    path: PathBuf,
    lines: Lines,
    columns: usize,
}

enum Lines {
    Csv { reader: csv::Reader<Box<dyn Read>>, record: ByteRecord },
    Whitespace { reader: Box<dyn BufRead>, line: u64, text: Vec<u8> },
}

/// A row, or why this line is none.
pub(crate) struct Row {
    /// Line on which it begins, from 1.
    pub(crate) line: u64,
    pub(crate) fields: Result<StringRecord, String>,
}

impl Rows {
    /// Opens `path`. Its columns are `header`, or else its first row.
    pub(crate) fn open(
        path: &Path,
        delimiter: Delimiter,
        header: Option<&[String]>,
    ) -> Result<(Self, Columns), DatasetError> {
        let mut lines = Lines::new(decompressed(path)?, delimiter);
        let names = match header {
            Some(names) => names.to_vec(),
            None => first_row(&mut lines, path)?,
        };
        let rows = Self { path: path.to_owned(), lines, columns: names.len() };
        Ok((rows, Columns { path: path.to_owned(), names }))
    }

    /// The next row, or `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Row>, DatasetError> {
        let Some((line, mut fields)) = self.lines.next().map_err(DatasetError::read(&self.path))?
        else {
            return Ok(None);
        };
        if let Ok(record) = &fields
            && record.len() != self.columns
        {
            fields =
                Err(format!("has {} fields where {} are expected", record.len(), self.columns));
        }
        Ok(Some(Row { line, fields }))
    }
}

impl Columns {
    /// The place of the column that `key` of `dataset.toml` names.
    pub(crate) fn place(&self, column: &str, key: &str) -> Result<usize, DatasetError> {
        let mut places = self.names.iter().enumerate().filter(|(_, name)| *name == column);
        match (places.next(), places.next()) {
            (Some((place, _)), None) => Ok(place),
            (Some(_), Some(_)) => Err(DatasetError::ColumnTwice {
                path: self.path.clone(),
                column: column.to_owned(),
            }),
            (None, _) => Err(DatasetError::NoColumn {
                path: self.path.clone(),
                key: key.to_owned(),
                column: column.to_owned(),
                found: self.names.clone(),
            }),
        }
    }
}

impl Lines {
    fn new(reader: Box<dyn BufRead>, delimiter: Delimiter) -> Self {
        match delimiter {
            Delimiter::Byte(byte) => {
                let mut csv = csv::ReaderBuilder::new();
                csv.has_headers(false).flexible(true).delimiter(byte);
                Self::Csv { reader: csv.from_reader(reader), record: ByteRecord::new() }
            }
            Delimiter::Whitespace => Self::Whitespace { reader, line: 0, text: Vec::new() },
        }
    }

    /// The next line that is not empty and its fields, or why it has none.
    fn next(&mut self) -> std::io::Result<Option<(u64, Result<StringRecord, String>)>> {
        match self {
            Self::Csv { reader, record } => {
                if !reader.read_byte_record(record).map_err(io_error)? {
                    return Ok(None);
                }
                let line = record.position().map_or(0, csv::Position::line);
                let fields = StringRecord::from_byte_record(record.clone());
                Ok(Some((line, fields.map_err(|_| "is not UTF-8".to_owned()))))
            }
            Self::Whitespace { reader, line, text } => loop {
                text.clear();
                if reader.read_until(b'\n', text)? == 0 {
                    return Ok(None);
                }
                *line += 1;
                let Ok(text) = std::str::from_utf8(text) else {
                    return Ok(Some((*line, Err("is not UTF-8".to_owned()))));
                };
                if !text.trim().is_empty() {
                    return Ok(Some((*line, Ok(text.split_ascii_whitespace().collect()))));
                }
            },
        }
    }
}

/// Opens a file; one that begins as gzip does is decompressed, whatever its name.
fn decompressed(path: &Path) -> Result<Box<dyn BufRead>, DatasetError> {
    let file = File::open(path).map_err(DatasetError::read(path))?;
    let mut reader = BufReader::new(file);
    let is_gzip = reader.fill_buf().map_err(DatasetError::read(path))?.starts_with(&[0x1f, 0x8b]);
    Ok(if is_gzip {
        Box::new(BufReader::new(MultiGzDecoder::new(reader)))
    } else {
        Box::new(reader)
    })
}

/// The names of the columns; a byte order mark is no part of them.
fn first_row(lines: &mut Lines, path: &Path) -> Result<Vec<String>, DatasetError> {
    let none = |first| DatasetError::NoRows { path: path.to_owned(), rows: 0, first };
    let (line, fields) = lines
        .next()
        .map_err(DatasetError::read(path))?
        .ok_or_else(|| none(Some("the file is empty".to_owned())))?;
    let fields = fields.map_err(|detail| none(Some(format!("line {line} {detail}"))))?;
    let name = |name: &str| name.trim_start_matches('\u{feff}').trim().to_owned();
    Ok(fields.iter().map(name).collect())
}

/// What remains of a CSV error when any number of fields is allowed and bytes are read: those of the file.
fn io_error(error: csv::Error) -> std::io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => std::io::Error::other(format!("{other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn read(bytes: &[u8], delimiter: Delimiter) -> Result<Vec<(u64, Vec<String>)>, DatasetError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows");
        std::fs::write(&path, bytes).unwrap();
        let (mut rows, columns) = Rows::open(&path, delimiter, None)?;
        columns.place("a", "telemetry.asset")?;
        let mut all = Vec::new();
        while let Some(Row { line, fields }) = rows.next()? {
            let fields = fields.map(|row| row.iter().map(str::to_owned).collect());
            all.push((line, fields.unwrap_or_else(|detail| vec![detail])));
        }
        Ok(all)
    }

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_gzip_files_read_alike() {
        let text = b"\xef\xbb\xbfa,b\n1,2\n\"x,y\",3\n";
        let expected = vec![
            (2, vec!["1".to_owned(), "2".to_owned()]),
            (3, vec!["x,y".to_owned(), "3".to_owned()]),
        ];
        assert_eq!(read(text, Delimiter::Byte(b',')).unwrap(), expected);
        assert_eq!(read(&gzip(text), Delimiter::Byte(b',')).unwrap(), expected);
    }

    #[test]
    fn whitespace_is_one_delimiter_however_long() {
        let rows = read(b"a  b\n 1 \t 2  \r\n\n3 4", Delimiter::Whitespace).unwrap();
        assert_eq!(rows[0], (2, vec!["1".to_owned(), "2".to_owned()]));
        assert_eq!(rows[1], (4, vec!["3".to_owned(), "4".to_owned()]));
    }

    #[test]
    fn lines_that_are_no_rows_are_told_and_the_next_is_read() {
        for delimiter in [Delimiter::Byte(b' '), Delimiter::Whitespace] {
            let rows = read(b"a b\n1\n\xff 2\n3 4\n", delimiter).unwrap();
            assert_eq!(rows[0], (2, vec!["has 1 fields where 2 are expected".to_owned()]));
            assert_eq!(rows[1], (3, vec!["is not UTF-8".to_owned()]));
            assert_eq!(rows[2].1, ["3", "4"]);
        }
    }

    #[test]
    fn a_truncated_gzip_file_is_an_error_and_not_its_end() {
        let whole = gzip("a,b\n1,2\n".repeat(1_000).as_bytes());
        let error = read(&whole[..whole.len() - 9], Delimiter::Byte(b',')).unwrap_err();
        assert!(matches!(error, DatasetError::Read { .. }), "{error}");
    }

    #[test]
    fn columns_that_are_missing_doubled_or_not_there_at_all_are_errors() {
        let comma = Delimiter::Byte(b',');
        assert!(matches!(read(b"x,b\n1,2\n", comma), Err(DatasetError::NoColumn { .. })));
        assert!(matches!(read(b"a,a\n1,2\n", comma), Err(DatasetError::ColumnTwice { .. })));
        assert!(matches!(read(b"", comma), Err(DatasetError::NoRows { .. })));
    }
}
