//! Kinds of discovery that Prometheus has and Glasshouse does not support: only their keys and
//! what Prometheus requires of them are checked.

mod checks;
mod kubernetes;

use crate::error::Read;
use crate::http::{self, HttpClientConfig};
use crate::yaml::{Document, Fields, Node};

/// A kind of discovery.
struct Kind {
    /// The key of its list.
    key: &'static str,
    /// Its type in messages.
    name: &'static str,
    /// The keys of a section, apart from those of an HTTP client.
    keys: &'static str,
    /// Which keys of an HTTP client it has.
    client: Client,
    /// Keys that must not be empty, with the messages.
    required: &'static [(&'static str, &'static str)],
    /// Keys with few values.
    choices: &'static [Choice],
    /// What else is checked.
    check: fn(&mut Fields<'_>, &HttpClientConfig) -> Read<()>,
}

#[derive(Clone, Copy, PartialEq)]
enum Client {
    None,
    /// Only `tls_config`.
    Tls,
    Http,
}

/// A key with few values; absent is valid if `required` does not list it.
struct Choice {
    key: &'static str,
    values: &'static [&'static str],
    /// The message, in which `{}` is the value.
    message: &'static str,
}

/// A kind without requirements.
const PLAIN: Kind = Kind {
    key: "",
    name: "",
    keys: "",
    client: Client::Http,
    required: &[],
    choices: &[],
    check: |_, _| Ok(()),
};

const ZOOKEEPER: Kind = Kind {
    name: "zookeeper.plain",
    keys: "servers paths timeout",
    client: Client::None,
    check: checks::zookeeper,
    ..PLAIN
};

const ONE_SECRET: &str = "one of secret_key & secret_key_file must be configured";

/// All kinds.
const KINDS: [Kind; 32] = [
    Kind {
        key: "aws_sd_configs",
        name: "aws.plain",
        keys: "role region endpoint access_key secret_key profile role_arn external_id \
               refresh_interval port filters clusters",
        choices: &[Choice {
            key: "role",
            values: &["ec2", "ecs", "elasticache", "lightsail", "msk", "rds"],
            message: "unknown AWS SD role \"{}\"",
        }],
        required: &[("role", "unknown AWS SD role \"\"")],
        ..PLAIN
    },
    Kind {
        key: "azure_sd_configs",
        name: "azure.plain",
        keys: "environment port subscription_id tenant_id client_id client_secret \
               refresh_interval authentication_method resource_group",
        required: &[("subscription_id", "azure SD configuration requires a subscription_id")],
        choices: &[Choice {
            key: "authentication_method",
            values: &["OAuth", "ManagedIdentity", "SDK", "WorkloadIdentity"],
            message: "unknown authentication_type \"{}\". Supported types are \"OAuth\", \
                      \"ManagedIdentity\", \"SDK\" or \"WorkloadIdentity\"",
        }],
        check: checks::azure,
        ..PLAIN
    },
    Kind {
        key: "consul_sd_configs",
        name: "consul.plain",
        keys: "server path_prefix token datacenter namespace partition tag_separator scheme \
               username password allow_stale refresh_interval services tags node_meta filter \
               health_filter",
        check: checks::consul,
        ..PLAIN
    },
    Kind {
        key: "digitalocean_sd_configs",
        name: "digitalocean.plain",
        keys: "refresh_interval port role",
        choices: &[Choice {
            key: "role",
            values: &["droplets", "databases"],
            message: "unknown DigitalOcean SD role \"{}\"",
        }],
        ..PLAIN
    },
    Kind {
        key: "dockerswarm_sd_configs",
        name: "moby.plain",
        keys: "host role port filters refresh_interval",
        required: &[
            ("host", "host missing"),
            ("role", "role missing (one of: tasks, services, nodes)"),
        ],
        choices: &[Choice {
            key: "role",
            values: &["services", "nodes", "tasks"],
            message: "invalid role {}, expected tasks, services, or nodes",
        }],
        ..PLAIN
    },
    Kind {
        key: "ec2_sd_configs",
        name: "aws.plain",
        keys: "endpoint region access_key secret_key profile role_arn external_id \
               refresh_interval port filters",
        check: checks::ec2,
        ..PLAIN
    },
    Kind { key: "ecs_sd_configs", name: "aws.plain", keys: AWS_CLUSTERS, ..PLAIN },
    Kind { key: "elasticache_sd_configs", name: "aws.plain", keys: AWS_CLUSTERS, ..PLAIN },
    Kind {
        key: "eureka_sd_configs",
        name: "eureka.plain",
        keys: "server refresh_interval",
        required: &[("server", "eureka_sd: empty or null eureka server")],
        check: checks::eureka,
        ..PLAIN
    },
    Kind {
        key: "gce_sd_configs",
        name: "gce.plain",
        keys: "project zone filter refresh_interval port tag_separator",
        client: Client::None,
        required: &[
            ("project", "GCE SD configuration requires a project"),
            ("zone", "GCE SD configuration requires a zone"),
        ],
        ..PLAIN
    },
    Kind {
        key: "hetzner_sd_configs",
        name: "hetzner.plain",
        keys: "refresh_interval port role label_selector",
        required: &[("role", "role missing (one of: robot, hcloud)")],
        choices: &[Choice {
            key: "role",
            values: &["robot", "hcloud"],
            message: "unknown role \"{}\"",
        }],
        ..PLAIN
    },
    Kind {
        key: "ionos_sd_configs",
        name: "ionos.plain",
        keys: "datacenter_id refresh_interval port",
        required: &[("datacenter_id", "datacenter id can't be empty")],
        ..PLAIN
    },
    Kind {
        key: "kubernetes_sd_configs",
        name: "kubernetes.plain",
        keys: "api_server role kubeconfig_file namespaces selectors attach_metadata",
        required: &[(
            "role",
            "role missing (one of: pod, service, endpoints, endpointslice, node, ingress)",
        )],
        choices: &[Choice {
            key: "role",
            values: &["node", "pod", "service", "endpoints", "endpointslice", "ingress"],
            message: "unknown Kubernetes SD role \"{}\"",
        }],
        check: kubernetes::check,
        ..PLAIN
    },
    Kind {
        key: "kuma_sd_configs",
        name: "xds.plainKumaConf",
        keys: "refresh_interval fetch_timeout server client_id",
        required: &[("server", "kuma SD server must not be empty: ")],
        check: checks::kuma,
        ..PLAIN
    },
    Kind {
        key: "lightsail_sd_configs",
        name: "aws.plain",
        keys: "endpoint region access_key secret_key profile role_arn external_id \
               refresh_interval port",
        ..PLAIN
    },
    Kind {
        key: "linode_sd_configs",
        name: "linode.plain",
        keys: "refresh_interval port tag_separator region",
        ..PLAIN
    },
    Kind {
        key: "marathon_sd_configs",
        name: "marathon.plain",
        keys: "servers refresh_interval auth_token auth_token_file",
        check: checks::marathon,
        ..PLAIN
    },
    Kind { key: "msk_sd_configs", name: "aws.plain", keys: AWS_CLUSTERS, ..PLAIN },
    Kind { key: "nerve_sd_configs", ..ZOOKEEPER },
    Kind {
        key: "nomad_sd_configs",
        name: "nomad.plain",
        keys: "allow_stale namespace refresh_interval region server tag_separator",
        ..PLAIN
    },
    Kind {
        key: "oci_sd_configs",
        name: "oci.plain",
        keys: "auth tenancy user fingerprint key_file key_passphrase key_passphrase_file region \
               compartments port refresh_interval",
        required: &[("region", "oci_sd: region is required")],
        choices: &[Choice {
            key: "auth",
            values: &["api_key", "instance_principal"],
            message: "oci_sd: unknown auth method \"{}\", expected \"api_key\" or \
                      \"instance_principal\"",
        }],
        ..PLAIN
    },
    Kind {
        key: "openstack_sd_configs",
        name: "openstack.plain",
        keys: "identity_endpoint username userid password project_name project_id domain_name \
               domain_id application_credential_name application_credential_id \
               application_credential_secret role region refresh_interval port all_tenants \
               availability",
        client: Client::Tls,
        required: &[
            ("role", "role missing (one of: instance, hypervisor, loadbalancer)"),
            ("region", "openstack SD configuration requires a region"),
        ],
        choices: &[
            Choice {
                key: "role",
                values: &["hypervisor", "instance", "loadbalancer"],
                message: "unknown OpenStack SD role \"{}\"",
            },
            Choice {
                key: "availability",
                values: &["public", "internal", "admin"],
                message: "unknown availability {}, must be one of admin, internal or public",
            },
        ],
        ..PLAIN
    },
    Kind {
        key: "outscale_sd_configs",
        name: "outscale.plain",
        keys: "endpoint region access_key secret_key secret_key_file refresh_interval port",
        required: &[
            ("region", "outscale SD configuration requires a region"),
            ("access_key", "outscale SD configuration requires access_key"),
            ("secret_key|secret_key_file", ONE_SECRET),
        ],
        check: checks::secret_key,
        ..PLAIN
    },
    Kind {
        key: "ovhcloud_sd_configs",
        name: "ovhcloud.plain",
        keys: "endpoint application_key application_secret consumer_key refresh_interval service",
        client: Client::None,
        required: &[
            ("application_key", "application key can not be empty"),
            ("application_secret", "application secret can not be empty"),
            ("consumer_key", "consumer key can not be empty"),
            ("service", "unknown service: "),
        ],
        choices: &[Choice {
            key: "service",
            values: &["dedicated_server", "vps"],
            message: "unknown service: {}",
        }],
        ..PLAIN
    },
    Kind {
        key: "puppetdb_sd_configs",
        name: "puppetdb.plain",
        keys: "refresh_interval url query include_parameters port",
        check: checks::puppetdb,
        ..PLAIN
    },
    Kind {
        key: "rds_sd_configs",
        name: "aws.plain",
        keys: "region endpoint access_key secret_key profile role_arn external_id clusters port \
               refresh_interval filters request_concurrency",
        ..PLAIN
    },
    Kind {
        key: "scaleway_sd_configs",
        name: "scaleway.plain",
        keys: "project_id api_url zone access_key secret_key secret_key_file name_filter \
               tags_filter refresh_interval port role",
        required: &[
            ("role", "role missing (one of: instance, baremetal)"),
            ("project_id", "project_id is mandatory"),
            ("secret_key|secret_key_file", ONE_SECRET),
            ("access_key", "access_key is mandatory"),
        ],
        choices: &[Choice {
            key: "role",
            values: &["instance", "baremetal"],
            message: "unknown role \"{}\"",
        }],
        check: checks::secret_key,
        ..PLAIN
    },
    Kind { key: "serverset_sd_configs", ..ZOOKEEPER },
    Kind {
        key: "stackit_sd_configs",
        name: "stackit.plain",
        keys: "project refresh_interval port region endpoint service_account_key private_key \
               service_account_key_path private_key_path credentials_file_path",
        check: checks::stackit,
        ..PLAIN
    },
    Kind {
        key: "triton_sd_configs",
        name: "triton.plain",
        keys: "account role dns_suffix endpoint groups port refresh_interval version",
        client: Client::Tls,
        required: &[
            ("account", "triton SD configuration requires an account"),
            ("dns_suffix", "triton SD configuration requires a dns_suffix"),
            ("endpoint", "triton SD configuration requires an endpoint"),
        ],
        choices: &[Choice {
            key: "role",
            values: &["container", "cn"],
            message: "triton SD configuration requires role to be 'container' or 'cn'",
        }],
        ..PLAIN
    },
    Kind {
        key: "uyuni_sd_configs",
        name: "uyuni.plain",
        keys: "server username password entitlement separator refresh_interval",
        required: &[
            ("server", "Uyuni SD configuration requires server host"),
            ("username", "Uyuni SD configuration requires a username"),
            ("password", "Uyuni SD configuration requires a password"),
        ],
        ..PLAIN
    },
    Kind { key: "vultr_sd_configs", name: "vultr.plain", keys: "refresh_interval port", ..PLAIN },
];

const AWS_CLUSTERS: &str = "region endpoint access_key secret_key profile role_arn external_id \
                            clusters port refresh_interval request_concurrency";

/// Checks all lists of these kinds, and notes them.
pub(super) fn read(fields: &mut Fields<'_>) -> Read<()> {
    for kind in &KINDS {
        let written =
            super::sections(fields, kind.key, |document, node| section(kind, document, node))?;
        if !written.is_empty() {
            fields.document.note_unsupported(kind.key, fields.at(kind.key));
        }
    }
    Ok(())
}

fn section(kind: &Kind, document: &Document, node: &Node) -> Read<()> {
    let mut fields = Fields::new(document, node, kind.name)?;
    let client = match kind.client {
        Client::None => HttpClientConfig::default(),
        Client::Tls => {
            HttpClientConfig { tls: http::tls(&mut fields, "tls_config")?, ..Default::default() }
        }
        Client::Http => http::read(&mut fields, true)?,
    };
    for key in kind.keys.split_ascii_whitespace() {
        fields.take_written(key);
    }
    fields.finish()?;
    fields.duration("refresh_interval")?;
    fields.signed("port")?;
    for choice in kind.choices {
        let value = fields.text_or_empty(choice.key)?;
        if !value.is_empty() && !choice.values.contains(&value.as_str()) {
            return Err(fields.fault(choice.key, choice.message.replace("{}", &value)));
        }
    }
    for (keys, message) in kind.required {
        let mut written = keys.split('|').filter_map(|key| fields.take(key));
        if !written.any(|node| node.text().is_ok_and(|text| !text.is_empty())) {
            return Err(fields.node.fault(*message));
        }
    }
    (kind.check)(&mut fields, &client)
}
