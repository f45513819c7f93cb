//! Where an address lies: on the internet, or where only this machine's own business is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Internet,
    /// Needs a grant that says so. The text names the kind of address.
    Private(&'static str),
    /// No server can be there.
    Nowhere(&'static str),
}

/// Whether an address is one that only a grant with `private` opens.
pub(crate) fn needs_grant(address: IpAddr) -> bool {
    matches!(place(address), Place::Private(_))
}

pub(super) fn place(address: IpAddr) -> Place {
    match address {
        IpAddr::V4(address) => place_v4(address),
        IpAddr::V6(address) => place_v6(address),
    }
}

fn place_v4(address: Ipv4Addr) -> Place {
    use Place::{Internet, Nowhere, Private};
    match address.octets() {
        // Linux takes it for this machine.
        [0, ..] => Nowhere("an unspecified address"),
        [127, ..] => Private("an address of this machine"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Private("an address of a private network"),
        [169, 254, 169, 254] | [168, 63, 129, 16] | [100, 100, 100, 200] | [192, 0, 0, 192] => {
            Private("the address of a cloud's own data about this machine")
        }
        [169, 254, ..] => Private("a link-local address"),
        [100, 64..=127, ..] => Private("an address behind a provider's NAT"),
        [192, 0, 0, _] | [192, 88, 99, _] => Private("an address for protocols"),
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Private("an address for documentation"),
        [198, 18..=19, ..] => Private("an address for measurements"),
        [224..=239, ..] => Nowhere("a multicast address"),
        [240..=255, ..] => Nowhere("a reserved address"),
        _ => Internet,
    }
}

fn place_v6(address: Ipv6Addr) -> Place {
    use Place::{Internet, Nowhere, Private};
    let [a, b, c, d, e, f, g, h] = address.segments();
    let inner = || {
        let ([g1, g2], [h1, h2]) = (g.to_be_bytes(), h.to_be_bytes());
        place_v4(Ipv4Addr::new(g1, g2, h1, h2))
    };
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0] if (g, h) == (0, 0) => Nowhere("an unspecified address"),
        [0, 0, 0, 0, 0, 0] if (g, h) == (0, 1) => Private("an address of this machine"),
        // What lies behind is what counts: networks without IPv4 reach all of it this way.
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => inner(),
        [0xfe80..=0xfebf, ..] => Private("a link-local address"),
        [0xfec0..=0xfeff, ..] | [0xfc00..=0xfdff, ..] => Private("an address of a private network"),
        [0xff00..=0xffff, ..] => Nowhere("a multicast address"),
        [0x2002, ..] | [0x2001, 0, ..] => Private("an address of a tunnel"),
        [0x2001, 0..=0x1ff, ..] => Private("an address for protocols"),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Private("an address for documentation"),
        [0x2000..=0x3fff, ..] => Internet,
        _ => Private("a reserved address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(address: &str) -> Place {
        place(address.parse().unwrap())
    }

    #[test]
    fn servers_of_the_internet_are_reachable() {
        for address in [
            "1.1.1.1",
            "93.184.216.34",
            "172.15.0.1",
            "172.32.0.1",
            "100.63.0.1",
            "100.128.0.1",
            "169.253.1.1",
            "192.167.1.1",
            "198.20.0.1",
            "223.255.255.254",
            "2606:4700::1111",
            "2a00:1450:4001::5",
            "::ffff:1.1.1.1",
            "64:ff9b::1.1.1.1",
            "2003:d2::1",
        ] {
            assert_eq!(found(address), Place::Internet, "{address}");
        }
    }

    #[test]
    fn private_places_need_a_grant() {
        for address in [
            "127.0.0.1",
            "127.255.255.254",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.0.1",
            "169.254.169.254",
            "168.63.129.16",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "198.51.100.1",
            "203.0.113.1",
            "198.18.0.1",
            "192.88.99.1",
            "::1",
            "fe80::1",
            "febf::1",
            "fc00::1",
            "fd00:ec2::254",
            "fec0::1",
            "2002:7f00:1::",
            "2002:101:101::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "100::1",
            "5f00::1",
            "64:ff9b:1::1",
            "::1.1.1.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::127.0.0.1",
            "64:ff9b::192.168.0.1",
        ] {
            assert!(matches!(found(address), Place::Private(_)), "{address}");
        }
    }

    #[test]
    fn no_grant_reaches_nowhere() {
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "ff02::1",
            "::ffff:0.0.0.0",
            "::ffff:224.0.0.1",
            "64:ff9b::",
        ] {
            assert!(matches!(found(address), Place::Nowhere(_)), "{address}");
        }
    }
}
