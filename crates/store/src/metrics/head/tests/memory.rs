//! What the head counts of its memory.

use super::*;

#[test]
fn memory_that_was_taken_is_given_back() {
    let head = Head::new(HeadLimits::default());
    for i in 0..3000_i64 {
        head.append(&batch("a=1", &[(i * 1000, (i as f64).sqrt()), (i * 1000 - 500, 0.0)]))
            .unwrap();
    }
    assert!(head.stats().bytes > 10_000);
    head.release(&head.freeze().unwrap());
    let stats = head.stats();
    assert!(stats.samples == 0 && stats.bytes < 1000, "{stats:?}");
}

#[test]
fn a_chunk_that_becomes_smaller_counts_less() {
    // Whole numbers far from each other take more bits than their XOR with the previous one, which
    // a fraction makes the chunk use.
    let values = (0..60).map(|i| if i % 2 == 0 { 1.0 } else { 2_f64.powi(52) });
    let mut samples: Vec<(i64, f64)> = (1_000..).zip(values).collect();
    let head = Head::new(HeadLimits::default());
    head.append(&batch("a=b", &samples)).unwrap();
    let before = head.stats().bytes;
    samples.push((2_000, 0.5));
    head.append(&batch("a=b", &samples[60..])).unwrap();
    assert!(head.stats().bytes < before);
    assert_eq!(samples_of(&head, "a=b"), samples);
}
