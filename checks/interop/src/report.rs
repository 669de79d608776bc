//! What was found, for a reader and for the line at the end.

#[derive(Debug, Default)]
pub struct Report {
    passed: usize,
    failed: usize,
}

impl Report {
    /// Prints what came of a check: what there is to say of it, or why it failed.
    pub fn note(&mut self, name: &str, outcome: Result<String, String>) {
        match outcome {
            Ok(what) => {
                self.passed += 1;
                println!("ok      {name}: {what}");
            }
            Err(why) => {
                self.failed += 1;
                println!("FAILED  {name}: {why}");
            }
        }
    }

    /// Prints the last line. Whether all is well.
    #[must_use]
    pub fn finish(self) -> bool {
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0 && self.passed > 0
    }
}
