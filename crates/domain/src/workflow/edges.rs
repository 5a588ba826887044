//! The edges of a graph, in two lists.

/// Where edges lead, by the place they leave: compressed sparse rows.
///
/// A list per place would be an allocation per place, scattered over memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edges {
    /// Where the row of each place begins, and where the last one ends.
    starts: Vec<usize>,
    ends: Vec<usize>,
}

impl Edges {
    /// The edges of each place, in order.
    pub(crate) fn of_rows<R: IntoIterator<Item = usize>>(rows: impl Iterator<Item = R>) -> Self {
        let mut edges = Self {
            starts: vec![0],
            ends: Vec::new(),
        };
        for row in rows {
            edges.ends.extend(row);
            edges.starts.push(edges.ends.len());
        }
        edges
    }

    /// How many places there are.
    pub(crate) fn places(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// How many edges there are.
    pub(crate) fn count(&self) -> usize {
        self.ends.len()
    }

    /// Where the edges of a place lead.
    pub(crate) fn of(&self, place: usize) -> &[usize] {
        &self.ends[self.starts[place]..self.starts[place + 1]]
    }

    /// The edges of each place, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[usize]> {
        self.starts.windows(2).map(|row| &self.ends[row[0]..row[1]])
    }

    /// How many edges lead to each place.
    pub(crate) fn indegrees(&self) -> Vec<usize> {
        let mut degrees = vec![0; self.places()];
        for end in &self.ends {
            degrees[*end] += 1;
        }
        degrees
    }

    /// The same edges the other way round; those of one place lead to ascending places.
    pub(crate) fn reversed(&self) -> Self {
        let mut starts = Vec::with_capacity(self.starts.len());
        let mut next = self.indegrees();
        let mut sum = 0;
        for degree in &mut next {
            starts.push(sum);
            sum += std::mem::replace(degree, sum);
        }
        starts.push(sum);
        let mut ends = vec![0; self.ends.len()];
        for (place, row) in self.rows().enumerate() {
            for end in row {
                ends[next[*end]] = place;
                next[*end] += 1;
            }
        }
        Self { starts, ends }
    }

    /// The places that no order reaches: those on cycles, and those behind them.
    pub(crate) fn unordered(&self) -> Vec<usize> {
        let mut waiting = self.indegrees();
        let mut open: Vec<usize> = (0..self.places())
            .filter(|place| waiting[*place] == 0)
            .collect();
        while let Some(place) = open.pop() {
            for end in self.of(place) {
                waiting[*end] -= 1;
                if waiting[*end] == 0 {
                    open.push(*end);
                }
            }
        }
        let left = waiting.iter().enumerate().filter(|(_, count)| **count > 0);
        left.map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(rows: &[&[usize]]) -> Edges {
        Edges::of_rows(rows.iter().map(|row| row.iter().copied()))
    }

    fn rows(edges: &Edges) -> Vec<&[usize]> {
        edges.rows().collect()
    }

    #[test]
    fn edges_stand_with_their_place_both_ways() {
        let some = edges(&[&[1, 2], &[], &[0, 1]]);
        assert_eq!((some.places(), some.count()), (3, 4));
        assert_eq!(some.of(2), [0, 1]);
        assert_eq!(some.indegrees(), [1, 2, 1]);
        assert_eq!(rows(&some.reversed()), [&[2][..], &[0, 2], &[0]]);
        assert_eq!(rows(&some.reversed().reversed()), rows(&some));
        assert!(rows(&edges(&[]).reversed()).is_empty());
        assert_eq!(Edges::default().places(), 0);
    }

    #[test]
    fn what_lies_on_a_cycle_or_behind_one_has_no_order() {
        assert!(edges(&[&[1], &[2], &[]]).unordered().is_empty());
        assert_eq!(edges(&[&[1], &[2], &[1, 3], &[]]).unordered(), [1, 2, 3]);
        assert_eq!(edges(&[&[0], &[]]).unordered(), [0]);
    }
}
