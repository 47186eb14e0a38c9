//! Rows from separated values (CSV) in any encoding of the Encoding Standard. Not here: what a cell
//! means; there are no types in CSV.

use encoding_rs::{DecoderResult, Encoding};

use super::answer_body::{AnswerBody, shape};
use super::fetched_rows::{FetchedRows, Field};
use super::query::{CsvFormat, HttpQuery};
use crate::metric::{FetchError, FetchErrorKind};
use crate::shown;
use crate::source::rows::quotes::{QUOTES, Quotes};
use crate::source::rows::separated::value;

/// Adds the rows of an answer. A byte order mark tells the encoding better than the configuration.
pub(super) fn read(
    answer: &AnswerBody,
    format: &CsvFormat,
    query: &HttpQuery,
    fetched: &mut FetchedRows,
) -> Result<(), FetchError> {
    let text = decoded(&answer.body, &format.encoding)?;
    let mut quotes = Quotes::new(format.delimiter);
    quotes.follow(text.as_bytes());
    if let Some((line, what)) = quotes.problem() {
        return Err(shape(format!("line {line} of the answer: {what}")).with_hint(QUOTES));
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(format.delimiter)
        .has_headers(false)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut next = |record: &mut csv::StringRecord| {
        reader.read_record(record).map_err(|error| refused(&error))
    };
    let mut any = next(&mut record)?;
    if !any {
        // After other pages it is the end; alone it lacks at least its header.
        let lacks_header = format.header && fetched.len() == 0;
        return if lacks_header { Err(answer.empty("CSV with a header row")) } else { Ok(()) };
    }
    let header: Vec<String> = if format.header {
        let names = record.iter().enumerate().map(|(index, name)| match name.trim() {
            "" => format!("column_{}", index + 1),
            name => name.to_owned(),
        });
        names.collect()
    } else {
        (1..=record.len()).map(|number| number.to_string()).collect()
    };
    let places = places(&header, query, fetched)?;
    if format.header {
        any = next(&mut record)?;
    }
    while any {
        let cells = places.iter().filter_map(|(index, place)| {
            let cell = value(record.get(*index)?);
            let field = if cell.is_empty() { Field::Null } else { Field::Untyped(cell.into()) };
            Some((*place, field))
        });
        fetched.add(cells.collect())?;
        any = next(&mut record)?;
    }
    Ok(())
}

/// Which field of a record goes where.
fn places(
    header: &[String],
    query: &HttpQuery,
    fetched: &mut FetchedRows,
) -> Result<Vec<(usize, usize)>, FetchError> {
    let find = |name: &str| {
        let mut found = header.iter().enumerate().filter(|(_, known)| *known == name);
        match (found.next(), found.next()) {
            (Some((index, _)), None) => Ok(index),
            (Some(_), Some(_)) => Err(shape(format!("the header has two columns `{name}`"))),
            _ => {
                let known = shown::quoted(header);
                Err(shape(format!("the header has no column `{name}`, it has {known}"))
                    .with_hint("was it renamed, or is the `delimiter` another one?"))
            }
        }
    };
    if query.columns.is_empty() {
        let all = header.iter().map(|name| Ok((find(name)?, fetched.column(name))));
        return all.collect();
    }
    let some = query.columns.iter().map(|(name, from)| Ok((find(from)?, fetched.column(name))));
    some.collect()
}

/// The text, or the line in which it is not of the encoding.
fn decoded(bytes: &[u8], label: &str) -> Result<String, FetchError> {
    let marked = Encoding::for_bom(bytes).map(|(encoding, length)| (encoding, &bytes[length..]));
    let labelled = || Some((Encoding::for_label(label.as_bytes())?, bytes));
    let Some((encoding, bytes)) = marked.or_else(labelled) else {
        let message = format!("there is no encoding `{label}`");
        return Err(FetchError::new(FetchErrorKind::Query, message)
            .with_hint("write one like `utf-8`, `windows-1252` or `utf-16le`"));
    };
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let room = decoder.max_utf8_buffer_length_without_replacement(bytes.len()).unwrap_or_default();
    let mut text = String::with_capacity(room);
    let (result, _) = decoder.decode_to_string_without_replacement(bytes, &mut text, true);
    if result == DecoderResult::InputEmpty {
        return Ok(text);
    }
    let line = text.split('\n').count();
    Err(shape(format!("line {line} of the answer is not {}", encoding.name()))
        .with_hint("set the `encoding` of the format, like `windows-1252`"))
}

fn refused(error: &csv::Error) -> FetchError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            shape(format!("line {line} has {len} fields, but the first has {expected_len}"))
                .with_hint("is a quote missing, or is the `delimiter` another one?")
        }
        _ => shape(format!("line {line}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_label_and_by_byte_order_mark() {
        let utf16: Vec<u8> = "\u{feff}é\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, label, expected) in [
            (&b"\xe9"[..], "windows-1252", "é"),
            ("é".as_bytes(), "utf-8", "é"),
            (b"\xef\xbb\xbf\xc3\xa9", "utf-8", "é"),
            (b"\xef\xbb\xbf\xc3\xa9", "windows-1252", "é"),
            (b"\xe9\0", "utf-16le", "é"),
            (&utf16, "utf-8", "é\n"),
            (b"", "utf-8", ""),
        ] {
            assert_eq!(decoded(bytes, label).as_deref(), Ok(expected), "{bytes:?} {label}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_line() {
        let error = decoded(b"a,b\n1,\xe9\n", "utf-8").unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2 of the answer is not UTF-8 (hint: set the `encoding` of the format, like \
             `windows-1252`)"
        );
        assert!(decoded(b"a\0\n", "utf-16le").unwrap_err().message.contains("line 1"));
        assert!(decoded(b"a", "utf-9").unwrap_err().message.contains("no encoding `utf-9`"));
    }
}
