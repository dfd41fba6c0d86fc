//! Lays out the lines of a story: time, who and what in columns, long texts wrapped under their column.

use rustix::termios::tcgetwinsize;

/// Columns where standard output is no terminal.
const WIDTH_DEFAULT: usize = 100;
/// Fewest columns that texts are wrapped into, however narrow the terminal is.
const WIDTH_MIN: usize = 60;
/// Columns of a time: `Mon 02 Mar 08:00`.
const CLOCK: usize = 16;
/// Columns of who speaks.
const WHO: usize = 18;

/// What stands before a line that nobody says.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mark {
    /// The script acts.
    Act,
    /// What was expected came.
    Met,
    /// It did not.
    Failed,
    /// The script explains.
    Note,
}

/// Lines of one width.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines {
    width: usize,
}

impl Lines {
    /// As wide as the terminal.
    pub(super) fn of_terminal() -> Self {
        let size = tcgetwinsize(std::io::stdout()).ok();
        let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
        Self { width: columns.unwrap_or(WIDTH_DEFAULT).max(WIDTH_MIN) }
    }

    /// Something that somebody says.
    pub(super) fn said(self, clock: &str, who: &str, text: &str) -> String {
        self.wrapped(&format!("{clock:<CLOCK$}    {who:<WHO$} "), text)
    }

    /// Something that the script does or finds.
    pub(super) fn act(self, clock: &str, mark: Mark, text: &str) -> String {
        let mark = match mark {
            Mark::Act => '▸',
            Mark::Met => '✓',
            Mark::Failed => '✗',
            Mark::Note => '·',
        };
        self.wrapped(&format!("{clock:<CLOCK$}  {mark} "), text)
    }

    /// A text of its own.
    pub(super) fn paragraph(self, text: &str) -> String {
        self.wrapped("", text)
    }

    /// `text` behind `head`; further lines begin under the first letter of it.
    fn wrapped(self, head: &str, text: &str) -> String {
        let indent = head.chars().count();
        let (mut lines, mut column) = (head.to_owned(), indent);
        for (number, word) in text.split_whitespace().enumerate() {
            let letters = word.chars().count();
            if number > 0 && column + 1 + letters > self.width {
                lines.push('\n');
                lines.push_str(&" ".repeat(indent));
                column = indent;
            } else if number > 0 {
                lines.push(' ');
                column += 1;
            }
            lines.push_str(word);
            column += letters;
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_go_on_under_their_first_letter_and_no_line_is_too_wide() {
        let lines = Lines { width: 60 };
        let text = lines.said(
            "Mon 02 Mar 08:00",
            "engagement",
            "reaches OWN003 by call: “Good morning, the brakes of your car”",
        );
        let rows: Vec<&str> = text.split('\n').collect();
        assert!(rows.len() > 1 && rows.iter().all(|row| row.chars().count() <= 60), "{text}");
        assert!(rows[0].starts_with("Mon 02 Mar 08:00    engagement         reaches"), "{text}");
        assert!(rows[1..].iter().all(|row| row.starts_with(&" ".repeat(39))), "{text}");
    }

    #[test]
    fn acts_and_what_is_said_stand_in_the_same_columns() {
        let lines = Lines { width: 80 };
        let act = lines.act("Mon 02 Mar 08:00", Mark::Act, "scheduling is killed");
        let said = lines.said("Mon 02 Mar 08:00", "scheduling", "VEH003 brake: booked");
        assert_eq!(act.chars().position(|it| it == 's'), said.chars().position(|it| it == 's'));
    }
}
