#![no_main]

jumun_fuzz::target!("decode", jumun::fuzz::decode);
