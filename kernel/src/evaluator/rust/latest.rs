//! The latest answer to a question about a place of a cell.

/// The latest question and its answer.
#[derive(Debug)]
pub(super) struct Latest<T>(Option<(String, usize, T)>);

impl<T> Default for Latest<T> {
    fn default() -> Latest<T> {
        Latest(None)
    }
}

impl<T> Latest<T> {
    /// The answer, if the latest question was the same.
    pub(super) fn get(&self, code: &str, byte: usize) -> Option<&T> {
        let (latest_code, latest_byte, answer) = self.0.as_ref()?;
        (latest_code == code && *latest_byte == byte).then_some(answer)
    }

    /// Keeps an answer.
    pub(super) fn set(&mut self, code: &str, byte: usize, answer: T) {
        self.0 = Some((code.to_owned(), byte, answer));
    }
}
