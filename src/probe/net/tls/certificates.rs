//! Certificates that were read in this run: a thousand handshakes with one server show the same few.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;

use super::certificate::Certificate;

/// So many are kept. A server that shows a new one each time makes us forget, and not grow.
const MOST: usize = 256;

/// What certificates say, by their DER form. What they say never changes; whether they are valid is judged each time anew, and
/// not here.
#[derive(Debug, Default)]
pub(in crate::probe) struct Certificates {
    read: Mutex<HashMap<CertificateDer<'static>, Arc<Certificate>>>,
}

impl Certificates {
    /// What this one says; `None` when it cannot be read.
    pub(in crate::probe) fn read(&self, der: &CertificateDer<'static>) -> Option<Arc<Certificate>> {
        let known = |read: &HashMap<_, Arc<Certificate>>| read.get(der).cloned();
        {
            let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known(&read) {
                return Some(known);
            }
        }
        let certificate = Arc::new(Certificate::read(der)?);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if read.len() >= MOST {
            read.clear();
        }
        read.insert(der.clone(), certificate.clone());
        Some(certificate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::testing::certificates::self_signed;

    #[test]
    fn one_is_read_once_and_what_is_none_is_none() {
        let all = Certificates::default();
        let web = self_signed("web", false).chain.remove(0);
        let first = all.read(&web).unwrap();
        assert!(Arc::ptr_eq(&first, &all.read(&web).unwrap()));
        assert_eq!(*first, Certificate::read(&web).unwrap());
        assert!(all.read(&b"x".to_vec().into()).is_none());
    }

    #[test]
    fn a_server_with_a_new_one_each_time_does_not_fill_our_memory() {
        let all = Certificates::default();
        let web = all.read(&self_signed("web", false).chain[0]).unwrap();
        for number in 0_u32..1_000 {
            let der = number.to_be_bytes().to_vec().into();
            let mut read = all.read.lock().unwrap();
            if read.len() < MOST {
                read.insert(der, web.clone());
            }
        }
        assert!(all.read(&self_signed("api", false).chain[0]).is_some());
        assert_eq!(all.read.lock().unwrap().len(), 1);
    }
}
