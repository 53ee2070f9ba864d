#![no_main]

jumun_fuzz::target!("signature", jumun::fuzz::signature);
