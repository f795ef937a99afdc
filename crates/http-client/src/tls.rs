//! `tls_config`: certificate authorities, client certificates and versions of TLS.

use std::io::BufReader;
use std::sync::{Arc, OnceLock};

use adopt::prometheus::{Source, TlsConfig, TlsVersion};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme, SupportedProtocolVersion, version,
};

/// The settings of a connection, also of one that is no HTTP. Files are read now.
///
/// # Errors
/// What is wrong with a certificate or key, with its file.
pub fn config(settings: &TlsConfig) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&versions(settings)?)
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier(settings, &provider)?);
    match (&settings.certificate, &settings.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            let text = crate::client::secret(key)?;
            let key = PrivateKeyDer::from_pem_slice(text.as_bytes())
                .map_err(|error| format!("the client key: {error}"))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())
        }
        _ => Ok(builder.with_no_client_auth()),
    }
}

fn versions(settings: &TlsConfig) -> Result<Vec<&'static SupportedProtocolVersion>, String> {
    let least = settings.min_version.unwrap_or(TlsVersion::Tls12);
    let most = settings.max_version.unwrap_or(TlsVersion::Tls13);
    let all = [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)];
    let allowed: Vec<_> = all
        .into_iter()
        .filter(|(version, _)| (least..=most).contains(version))
        .map(|(_, version)| version)
        .collect();
    if allowed.is_empty() {
        return Err("tls_config allows no version that is supported: TLS12 and TLS13".to_owned());
    }
    Ok(allowed)
}

fn verifier(
    settings: &TlsConfig,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, String> {
    let mut trusted = Vec::new();
    let inner = if settings.insecure_skip_verify {
        None
    } else {
        let roots = match &settings.ca {
            Some(ca) => {
                let mut roots = RootCertStore::empty();
                trusted = certificates(ca)?;
                for certificate in trusted.clone() {
                    roots.add(certificate).map_err(|error| format!("the CA: {error}"))?;
                }
                Arc::new(roots)
            }
            None => system_roots(),
        };
        if roots.is_empty() {
            None
        } else {
            let builder = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider));
            Some(builder.build().map_err(|error| error.to_string())?)
        }
    };
    let name = match settings.server_name.as_deref() {
        None | Some("") => None,
        Some(name) => Some(
            ServerName::try_from(name.to_owned())
                .map_err(|error| format!("server_name {name:?}: {error}"))?,
        ),
    };
    Ok(Arc::new(Verifier {
        inner,
        trusted,
        name,
        is_skipped: settings.insecure_skip_verify,
        provider: Arc::clone(provider),
    }))
}

/// The certificates that the system trusts.
fn system_roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let load = || {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    };
    Arc::clone(ROOTS.get_or_init(load))
}

fn certificates(source: &Source<String>) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = crate::client::text(source)?;
    let mut reader = BufReader::new(text.as_bytes());
    let certificates = CertificateDer::pem_reader_iter(&mut reader)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("a certificate: {error}"))?;
    if certificates.is_empty() {
        return Err("a file with certificates has none".to_owned());
    }
    Ok(certificates)
}

/// Whether a certificate, which is valid at this time, is refused only because it is that of an
/// authority. Self-signed certificates mostly are, and Go accepts them from a server if they are
/// trusted themselves.
fn is_authority(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(cause))) = error
    else {
        return false;
    };
    cause.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
}

/// Verifies a server by a name that may differ from that of the URL, or not at all.
#[derive(Debug)]
struct Verifier {
    /// `None` where nothing is trusted, or everything is.
    inner: Option<Arc<WebPkiServerVerifier>>,
    /// The certificates of `ca` and `ca_file`.
    trusted: Vec<CertificateDer<'static>>,
    name: Option<ServerName<'static>>,
    /// `insecure_skip_verify`
    is_skipped: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.is_skipped {
            return Ok(ServerCertVerified::assertion());
        }
        let Some(inner) = &self.inner else {
            return Err(rustls::Error::General("the system trusts no certificate".to_owned()));
        };
        let name = self.name.as_ref().unwrap_or(server_name);
        let verified =
            inner.verify_server_cert(end_entity, intermediates, name, ocsp_response, now);
        match verified {
            Err(error) if is_authority(&error) && self.trusted.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, name)?;
                Ok(ServerCertVerified::assertion())
            }
            Err(error) if is_authority(&error) => {
                Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// A certificate that `openssl req -x509` made for `localhost` and 127.0.0.1, valid until 2126.
    const SELF_SIGNED: &str = include_str!("../testdata/self-signed.pem");
    const OTHER: &str = include_str!("../testdata/other-self-signed.pem");

    #[test]
    fn a_self_signed_certificate_is_valid_if_it_is_trusted_itself() {
        const IN_2030: u64 = 1_900_000_000;
        const IN_2020: u64 = 1_580_000_000;
        let provider = Arc::new(ring::default_provider());
        let shown = certificates(&Source::Inline(SELF_SIGNED.to_owned())).unwrap().remove(0);
        for (trusted, server, seconds, expected) in [
            (SELF_SIGNED, "localhost", IN_2030, "ok"),
            (SELF_SIGNED, "127.0.0.1", IN_2030, "ok"),
            (SELF_SIGNED, "example.org", IN_2030, "not valid for name"),
            (SELF_SIGNED, "localhost", IN_2020, "not valid yet"),
            (OTHER, "localhost", IN_2030, "UnknownIssuer"),
        ] {
            let ca = Some(Source::Inline(trusted.to_owned()));
            let settings = TlsConfig { ca, ..TlsConfig::default() };
            let verifier = verifier(&settings, &provider).unwrap();
            let name = ServerName::try_from(server).unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(seconds));
            let verified = verifier.verify_server_cert(&shown, &[], &name, &[], now);
            let verified = verified.map_or_else(|error| error.to_string(), |_| "ok".to_owned());
            assert!(verified.contains(expected), "{server} at {seconds}: {verified}");
        }
    }
}
