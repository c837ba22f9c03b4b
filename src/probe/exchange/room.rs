//! Room for a body.

/// Adds what there is room for; whether that was everything. A body that may have `most` bytes never takes more memory than
/// that: doubling would.
pub(super) fn add(body: &mut Vec<u8>, bytes: &[u8], most: usize) -> bool {
    let fitting = bytes.len().min(most.saturating_sub(body.len()));
    let needed = body.len() + fitting;
    if needed > body.capacity() {
        let wanted = needed.max(body.capacity().saturating_mul(2)).min(most);
        body.reserve_exact(wanted - body.len());
    }
    body.extend_from_slice(&bytes[..fitting]);
    fitting == bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_takes_no_more_than_it_may() {
        let mut body = Vec::new();
        while add(&mut body, &[7; 1000], 10_500) {
            assert!(body.capacity() <= 10_500);
        }
        assert_eq!((body.len(), body.capacity()), (10_500, 10_500));
        assert!(!add(&mut body, &[7], 10_500));
        assert!(add(&mut body, &[], 10_500));
    }
}
