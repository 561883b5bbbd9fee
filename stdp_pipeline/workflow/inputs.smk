# From a data set to input spikes. The first two can be shared with other workflows (--cache prepare encode), which is
# why they have no benchmark; their time and memory are in provenance.json.


rule prepare:
    output:
        data="results/prepare/{id}/data.npz",
        provenance="results/prepare/{id}/provenance.json",
    log:
        "results/logs/prepare/{id}.log",
    threads: 1
    resources:
        mem_mb=JOBS.memory("prepare"),
        runtime=JOBS.minutes("prepare"),
    params:
        spec=JOBS.spec("prepare"),
        code=JOBS.code("prepare"),
        out=subpath(output.data, parent=True),
    shell:
        "stdp prepare --spec {params.spec:q} --code {params.code} --output {params.out:q} 2>&1 | tee {log:q}"


rule encode:
    input:
        unpack(JOBS.files("encode")),
    output:
        levels="results/encode/{id}/levels.npz",
        encoder="results/encode/{id}/encoder.json",
        statistics="results/encode/{id}/statistics.json",
        provenance="results/encode/{id}/provenance.json",
    log:
        "results/logs/encode/{id}.log",
    threads: 1
    resources:
        mem_mb=JOBS.memory("encode"),
        runtime=JOBS.minutes("encode"),
    params:
        spec=JOBS.spec("encode"),
        code=JOBS.code("encode"),
        inputs=JOBS.inputs("encode"),
        out=subpath(output.levels, parent=True),
    shell:
        "stdp encode --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule events:
    input:
        unpack(JOBS.files("events")),
    output:
        events="results/events/{id}/events.npz",
        provenance="results/events/{id}/provenance.json",
    log:
        "results/logs/events/{id}.log",
    benchmark:
        "results/benchmarks/events/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("events"),
        runtime=JOBS.minutes("events"),
    params:
        spec=JOBS.spec("events"),
        code=JOBS.code("events"),
        inputs=JOBS.inputs("events"),
        out=subpath(output.events, parent=True),
    shell:
        "stdp events --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"
