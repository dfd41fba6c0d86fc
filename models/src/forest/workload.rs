//! A fixed piece of scoring work, so that the speed of the bare loop can be measured by whoever has a clock.

use super::{BLOCK_ROWS, Block, Forest, ForestError, Rows, Settings, schema_of};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Features of a synthetic row.
const FEATURES: usize = 30;

/// Rows that the forest is grown from.
const TRAINING_ROWS: usize = 20_000;

/// One value in this many is missing.
const MISSING_ONE_IN: u32 = 20;

/// A forest of 100 trees of 256 rows and synthetic rows of 30 features to score, both from a seed.
#[derive(Clone, Debug)]
pub struct Workload {
    forest: Forest,
    rows: Vec<[Option<f32>; FEATURES]>,
}

impl Workload {
    /// Trains the forest and draws `rows` rows (240 bytes each).
    ///
    /// # Errors
    /// [`ForestError`], never in practice: the rows are of one width and finite.
    pub fn new(seed: u64, rows: usize) -> Result<Self, ForestError> {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut training = Rows::new(FEATURES)?;
        for _ in 0..TRAINING_ROWS {
            training.push(&synthetic(&mut rng))?;
        }
        let names: Vec<String> = (0..FEATURES).map(|index| format!("synthetic_{index}")).collect();
        let settings = Settings { seed, ..Settings::default() };
        let forest = Forest::train(schema_of(&names), &training, settings)?;
        Ok(Self { forest, rows: (0..rows).map(|_| synthetic(&mut rng)).collect() })
    }

    /// The forest.
    #[must_use]
    pub fn forest(&self) -> &Forest {
        &self.forest
    }

    /// Scores every row in blocks of [`BLOCK_ROWS`], filling the blocks included; gives the sum of the scores.
    ///
    /// # Errors
    /// [`ForestError`], never in practice.
    pub fn score_in_blocks(&self) -> Result<f64, ForestError> {
        let mut block = Block::<BLOCK_ROWS>::new(FEATURES);
        let mut sum = 0.0;
        for rows in self.rows.chunks(BLOCK_ROWS) {
            block.clear();
            rows.iter().try_for_each(|row| block.push(row))?;
            sum +=
                self.forest.score_block(&block).into_iter().flatten().map(f64::from).sum::<f64>();
        }
        Ok(sum)
    }

    /// Scores every row by itself; gives the sum of the scores.
    ///
    /// # Errors
    /// [`ForestError`], never in practice.
    pub fn score_singly(&self) -> Result<f64, ForestError> {
        self.rows
            .iter()
            .try_fold(0.0, |sum, row| Ok(sum + self.forest.score(row)?.map_or(0.0, f64::from)))
    }
}

/// Values of two overlapping humps, so that trees are neither trivial nor full; some missing.
fn synthetic(rng: &mut Xoshiro256PlusPlus) -> [Option<f32>; FEATURES] {
    let shift = if rng.r#gen::<bool>() { 0.0 } else { 1.5 };
    std::array::from_fn(|_| {
        let hump: f32 = (0..4).map(|_| rng.r#gen::<f32>()).sum();
        (rng.gen_range(0..MISSING_ONE_IN) != 0).then_some(hump + shift)
    })
}
