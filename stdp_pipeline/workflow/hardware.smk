# Trained networks on hardware.


rule crossbar:
    input:
        unpack(JOBS.files("crossbar")),
    output:
        draws="results/crossbar/{id}/draws.tsv",
        points="results/crossbar/{id}/points.json",
        specimens="results/crossbar/{id}/specimens.npz",
        provenance="results/crossbar/{id}/provenance.json",
    log:
        "results/logs/crossbar/{id}.log",
    benchmark:
        "results/benchmarks/crossbar/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("crossbar"),
        runtime=JOBS.minutes("crossbar"),
    params:
        spec=JOBS.spec("crossbar"),
        code=JOBS.code("crossbar"),
        inputs=JOBS.inputs("crossbar"),
        out=subpath(output.draws, parent=True),
        checkpoint=JOBS.checkpoint("crossbar"),
    shell:
        "stdp crossbar --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " --checkpoint {params.checkpoint:q} --threads {threads} 2>&1 | tee {log:q}"
