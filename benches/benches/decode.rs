//! The main rows of the decode table under criterion, for its reports and its comparison with the
//! run before. The table itself comes from `decode-table`.

use std::hint::black_box;

use benches::{
    corpus::{Corpus, Kind},
    decode,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn decode(criterion: &mut Criterion) {
    for kind in [Kind::Tokens, Kind::Typed, Kind::Tiny, Kind::Lines] {
        let corpus = Corpus::new(kind, 1 << 20);
        for chunk in [64 << 10, 1400] {
            let mut group = criterion.benchmark_group(format!("decode/{}/{chunk}", kind.name()));
            group
                .sample_size(20)
                .throughput(Throughput::Bytes(corpus.whole().len as u64));
            for decoder in decode::all() {
                let input = corpus.input(corpus.whole(), chunk);
                group.bench_function(BenchmarkId::from_parameter(decoder.name), |bencher| {
                    bencher.iter(|| (decoder.run)(black_box(input)));
                });
            }
            group.finish();
        }
    }
}

criterion_group!(benches, decode);
criterion_main!(benches);
