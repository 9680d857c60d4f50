//! Tables as CSV (RFC 4180) that no spreadsheet takes for formulas.

/// A line, its end included. Every cell is quoted; one that a spreadsheet might work out begins with
/// an apostrophe.
#[must_use]
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    format!("{}\r\n", cells.join(","))
}

fn cell(text: &str) -> String {
    let guard = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_a_spreadsheet_would_work_out_begins_with_an_apostrophe() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(line([text]), format!("\"'{text}\"\r\n"));
        }
        assert_eq!(
            line(["PasscodeSet", "a=b", " =1", ""]),
            "\"PasscodeSet\",\"a=b\",\" =1\",\"\"\r\n"
        );
    }

    #[test]
    fn quotation_marks_commas_and_line_ends_stay_in_their_cell() {
        assert_eq!(line(["a\"b", "c,d", "e\nf"]), "\"a\"\"b\",\"c,d\",\"e\nf\"\r\n");
        assert_eq!(line(["=\"1\""]), "\"'=\"\"1\"\"\"\r\n");
    }
}
